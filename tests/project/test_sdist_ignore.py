from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import ArchiveConfig, Config, WorkflowConfig
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.sdist_ignore import find_unignored, ignore
from hatch_mar.project.toml import read_document
from tests.archives import needs_posix

HATCHLING = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "digits"
version = "1.0"

"""
EFFECT = "which keeps built archives out of sdists"


def archive(export_path: str | None = "store", **keys: str) -> Config:
    return ArchiveConfig("digits", "1.0", "handler.py", export_path=export_path, **keys)  # type: ignore[arg-type]


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.write()

    def write(self, settings: str = "", hatch_toml: str = "") -> None:
        (self.root / "pyproject.toml").write_text(HATCHLING + settings)
        (self.root / "hatch.toml").write_text(hatch_toml)

    @property
    def settings(self) -> HatchSettings:
        return HatchSettings(self.root, read_document(self.root / "pyproject.toml"))

    def find(self, *configs: Config) -> list[str]:
        return find_unignored(configs, self.settings)

    def ignore(self, *configs: Config) -> list[str]:
        """The lines that say what was done."""
        return ignore(self.find(*configs), self.settings)

    @property
    def lines(self) -> str:
        return (self.root / ".gitignore").read_bytes().decode()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a repository of its own."""
    (tmp_path / "top" / ".git").mkdir(parents=True)
    return Project(tmp_path / "top" / "project")


class TestFind:
    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            (archive(), ["/store/*.mar"]),
            (archive("a/../store/./deep/"), ["/store/deep/*.mar"]),
            (archive("."), ["/*.mar"]),
            (archive(archive_format="tgz"), ["/store/*.tar.gz"]),
            (archive(archive_format="no-archive"), ["/store/digits/"]),
            (WorkflowConfig("flow", "spec.yaml", export_path="store"), ["/store/*.war"]),
            (archive("[a]*b?"), [r"/\[a\]\*b\?/*.mar"]),
            (archive(None), []),
            (archive("../store"), []),
            (archive("dist"), []),
            (archive("dist/archives"), []),
        ],
    )
    def test_patterns(self, project: Project, config: Config, expected: list[str]):
        """Archives in the project are covered by a pattern, but those that no sdist would contain."""
        assert project.find(config) == expected

    def test_several(self, project: Project):
        """Archives side by side share a pattern."""
        configs = [archive(), archive()._replace(archive_name="other"), archive("other")]

        assert project.find(*configs) == ["/store/*.mar", "/other/*.mar"]

    @pytest.mark.parametrize("line", ["*.mar", "store", "/store/", "store/digits.mar", "**/store/*"])
    def test_ignored(self, project: Project, line: str):
        """What git ignores already needs no pattern."""
        (project.root / ".gitignore").write_text(f"# built\n{line}\n")
        assert project.find(archive()) == []

        # hatchling, unlike git, looks into an ignored directory
        (project.root / ".gitignore").write_text(f"{line}\n!digits.mar\n")
        assert project.find(archive()) == ["/store/*.mar"]

    @pytest.mark.parametrize(
        "settings",
        [
            '[tool.hatch.build]\nexclude = ["*.mar"]\n',
            '[tool.hatch.build.targets.sdist]\nexclude = ["/store"]\n',
            '[tool.hatch.build]\nignore-vcs = true\nexclude = ["*.mar"]\n',
        ],
    )
    def test_excluded(self, project: Project, settings: str):
        """Nor does what hatch's settings exclude."""
        project.write(settings)

        assert project.find(archive()) == []

    def test_other_target(self, project: Project):
        """What is excluded from wheels may be in the sdist."""
        project.write('[tool.hatch.build.targets.wheel]\nexclude = ["*.mar"]\n')

        assert project.find(archive()) == ["/store/*.mar"]

    @pytest.mark.parametrize(
        "settings",
        [
            '[tool.hatch.build]\nartifacts = ["*.mar"]\n',
            '[tool.hatch.build.targets.sdist]\nartifacts = ["/store"]\n',
            '[tool.hatch.build]\nonly-include = ["digits"]\n',
            '[tool.hatch.build.targets.sdist]\npackages = ["src/digits"]\n',
            '[tool.hatch.build.targets.sdist]\ninclude = ["/digits"]\n',
        ],
    )
    def test_selected(self, project: Project, settings: str):
        """Nor does what is shipped on purpose, or is not selected in the first place."""
        project.write(settings)

        assert project.find(archive()) == []

    @pytest.mark.parametrize(
        "settings",
        [
            '[tool.hatch.build]\nonly-include = ["store"]\n',
            '[tool.hatch.build]\ninclude = ["*.mar"]\n',
            '[tool.hatch.build]\nartifacts = ["*.so"]\n',
            '[tool.hatch.build]\nartifacts = ["*.mar"]\n[tool.hatch.build.targets.sdist]\nartifacts = []\n',
        ],
    )
    def test_selected_by_accident(self, project: Project, settings: str):
        """What is selected with other files needs one."""
        project.write(settings)

        assert project.find(archive()) == ["/store/*.mar"]

    @pytest.mark.parametrize(
        ("ignored", "path", "expected"),
        [
            ("", "store", ["/store/*.mar"]),
            ("*.mar\n", "store", []),
            ("", "dist", []),
            ("", "digits/models", []),
            ("", "../store", []),
        ],
    )
    def test_other_backend(self, project: Project, ignored: str, path: str, expected: list[str]):
        """Under another backend, what git does not ignore needs one, unless a wheel may be to have it."""
        (project.root / "pyproject.toml").write_text("")
        (project.root / "digits").mkdir()
        (project.root / "digits/__init__.py").touch()
        (project.root.parent / ".gitignore").write_text(ignored)

        assert project.find(archive(path)) == expected

    @pytest.mark.parametrize("exclude", ["5", '["!"]'])
    def test_fault(self, project: Project, exclude: str):
        """Excluded patterns that are none are one line."""
        project.write(f"[tool.hatch.build]\nexclude = {exclude}\n")
        with pytest.raises(ConfigError) as error:
            project.find(archive())

        assert len(error.value.faults) == 1


class TestIgnore:
    def test_nothing(self, project: Project):
        """Without a pattern, no file is made."""
        assert project.ignore(archive(None)) == []
        assert not (project.root / ".gitignore").exists()

    def test_created(self, project: Project):
        """Where no file is read, one is made in the project."""
        file = project.root / ".gitignore"

        assert project.ignore(archive()) == [f"Added `/store/*.mar` to `{file}`, {EFFECT}"]
        assert project.lines == "/store/*.mar\n"
        assert project.ignore(archive()) == []

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("*.pyc\n", "*.pyc\n/store/*.mar\n"),
            ("*.pyc", "*.pyc\n/store/*.mar\n"),
            ("*.pyc\r\n", "*.pyc\r\n/store/*.mar\r\n"),
            ("", "/store/*.mar\n"),
        ],
    )
    def test_appended(self, project: Project, before: str, after: str):
        """An existing file keeps its lines and their endings."""
        (project.root / ".gitignore").write_bytes(before.encode())
        project.ignore(archive())

        assert project.lines == after

    @needs_posix
    def test_not_text(self, project: Project):
        """Bytes that are not UTF-8 are kept."""
        (project.root / ".gitignore").write_bytes(b"\xff\n")
        project.ignore(archive())

        assert (project.root / ".gitignore").read_bytes() == b"\xff\n/store/*.mar\n"

    def test_further_up(self, project: Project):
        """A file further up would be hidden by a new one; it is named, with a line that works there."""
        above = project.root.parent / ".gitignore"
        above.write_text("*.pyc\n")

        assert project.ignore(archive()) == [f"Add `**/store/*.mar` to `{above}`, {EFFECT}"]
        assert not (project.root / ".gitignore").exists()

        above.write_text("*.pyc\n**/store/*.mar\n")
        assert project.find(archive()) == []

    def test_outside_repository(self, project: Project):
        """A file above the repository is not read."""
        (project.root.parents[1] / ".gitignore").write_text("*.mar\n")

        assert project.ignore(archive()) != []
        assert project.lines == "/store/*.mar\n"

    @pytest.mark.parametrize(
        ("settings", "hatch_toml", "where"),
        [
            ("[tool.hatch.build]\nignore-vcs = true\n", "", "`[tool.hatch.build]`"),
            ("", "[build.targets.sdist]\nignore-vcs = true\n", "`[build]` of `hatch.toml`"),
            (
                "[tool.hatch.build.targets.sdist]\nignore-vcs = true\nexclude = ['a']\n",
                "",
                "`[tool.hatch.build.targets.sdist]`",
            ),
        ],
    )
    def test_ignore_vcs(self, project: Project, settings: str, hatch_toml: str, where: str):
        """Where hatchling reads no such file, its own setting is named."""
        project.write(settings, hatch_toml)

        assert project.ignore(archive()) == [f"Add `/store/*.mar` to `exclude` in {where}, {EFFECT}"]
        assert not (project.root / ".gitignore").exists()

    def test_other_backend(self, project: Project):
        """For other backends the project gets a file of its own, as git reads them all."""
        (project.root / "pyproject.toml").write_text("")
        (project.root.parent / ".gitignore").touch()
        file = project.root / ".gitignore"

        assert project.ignore(archive()) == [
            (
                f"Added `/store/*.mar` to `{file}`, which keeps built archives out of git, and of sdists that"
                " have what git does not ignore"
            )
        ]
        assert project.ignore(archive()) == []

    def test_not_written(self, project: Project, monkeypatch: pytest.MonkeyPatch):
        """If the file cannot be written, the line to add is given."""

        def fail(path: Path, data: bytes) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("hatch_mar.project.gitignore.replace_file", fail)
        file = project.root / ".gitignore"

        assert project.ignore(archive()) == [
            f"Add `/store/*.mar` to `{file}`, {EFFECT}; it cannot be written: Permission denied"
        ]


class TestHatchling:
    """What the patterns do to a real sdist, and in a real repository."""

    CONFIGS = (archive(), archive("[a]*b?"), archive("c", archive_format="no-archive"))

    def ship(self, project: Project) -> set[str]:
        """The archives in an sdist."""
        for path in ("store/digits.mar", "[a]*b?/digits.mar", "c/digits/MAR-INF/MANIFEST.json"):
            (project.root / path).parent.mkdir(parents=True, exist_ok=True)
            (project.root / path).touch()
        [sdist] = SdistBuilder(str(project.root)).build(directory=str(project.root / "dist"))
        with tarfile.open(sdist) as file:
            return {name for name in file.getnames() if "digits.mar" in name or "MAR-INF" in name}

    @needs_posix
    @pytest.mark.parametrize("above", [False, True])
    def test_sdist(self, project: Project, above: bool):
        """The archives are left out, by hatchling and by git."""
        assert len(self.ship(project)) == 3

        if above:
            patterns = [f"**{pattern}\n" for pattern in project.find(*self.CONFIGS)]
            (project.root.parent / ".gitignore").write_text("".join(patterns))
        else:
            project.ignore(*self.CONFIGS)
        assert self.ship(project) == set()
        assert self.untracked(project) == {"project/hatch.toml", "project/pyproject.toml"}

    def untracked(self, project: Project) -> set[str]:
        top = project.root.parent
        (top / ".git").rmdir()
        subprocess.run(["git", "init", "-q"], cwd=top, check=True)
        command = ["git", "ls-files", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=top, check=True, capture_output=True, encoding="utf-8").stdout
        return {name for name in listed.splitlines() if "dist/" not in name and ".gitignore" not in name}
