"""Findings about links that lead out of the project, or out of an archive's directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.build.plan import examine, load_configs
from hatch_mar.checks.archive_file import check_path
from hatch_mar.checks.links import check_project_links
from hatch_mar.finding import Finding
from hatch_mar.project.config.models import ArchiveConfig
from tests.archives import INSTANT, MANIFEST, PACKING, SomeProject, archive_of, needs_posix

pytestmark = needs_posix

HANDLER = b"def handle(data, context):\n    return data\n"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A directory that is not the project's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.txt").write_bytes(b"secret")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "handler.py").write_bytes(HANDLER)
    (root / "pkg" / "__init__.py").touch()
    return root


def links(root: Path, **table: Any) -> list[Finding]:
    mar = {"model-name": "m", "version": "1", "handler": "handler.py"}
    mar |= {key.replace("_", "-"): value for key, value in table.items()}
    project = SomeProject(root, {"tool": {"mar": mar}})
    [config] = load_configs(project)
    return [each for each in examine(config, project, INSTANT)[1] if each.code == "MAR841"]


class TestCheckProjectLinks:
    def test_in_package(self, root: Path, elsewhere: Path):
        """A file that a package brings by a link out of the project is a warning that names its target."""
        (root / "pkg" / "notes.txt").symlink_to(elsewhere / "secret.txt")

        [finding] = links(root, packages=["pkg"])
        assert finding.severity == "warning"
        assert f"`pkg/notes.txt` leads out of the project, to `{elsewhere / 'secret.txt'}`" in str(finding)

    def test_folder(self, root: Path, elsewhere: Path):
        """Of a folder that is a link, the link is named once, whatever is in it."""
        (elsewhere / "more.txt").touch()
        (root / "pkg" / "data").symlink_to(elsewhere)

        assert [each.place.file for each in links(root, packages=["pkg"])] == ["pkg/data"]

    def test_pattern(self, root: Path, elsewhere: Path):
        """What a pattern finds is not named."""
        (root / "a.txt").symlink_to(elsewhere / "secret.txt")

        assert [each.severity for each in links(root, extra_files=["*.txt"])] == ["warning"]

    @pytest.mark.parametrize("key", ["extra_files", "packages"])
    def test_named(self, key: str, root: Path, elsewhere: Path):
        """A link that the configuration names is meant: a note, which no build shows."""
        (root / "models").symlink_to(elsewhere)

        assert [each.severity for each in links(root, **{key: ["models"]})] == ["note"]

    def test_inside(self, root: Path):
        """A link that stays in the project is fine, and so is a project that is reached by a link."""
        (root / "pkg" / "again.py").symlink_to("../handler.py")
        other = root.with_name("other")
        other.symlink_to(root)

        assert links(root, packages=["pkg"]) == links(other, packages=["pkg"]) == []

    def test_elsewhere(self, root: Path, elsewhere: Path):
        """What no link brings is not looked for: text that a build makes, a file that lies elsewhere."""
        config = ArchiveConfig(model_name="m", version="1", handler="handler.py")
        members = (
            Member("made.txt", BytesSource(b"")),
            Member("secret.txt", FileSource(elsewhere / "secret.txt")),
        )

        assert [*check_project_links(config, Archive(MANIFEST, members), root)] == []

    def test_ignored(self, root: Path, elsewhere: Path):
        """It can be ignored."""
        (root / "pkg" / "notes.txt").symlink_to(elsewhere / "secret.txt")

        assert links(root, packages=["pkg"], ignore=["MAR841"]) == []


class TestCheckDirectoryLinks:
    @pytest.mark.parametrize(("outside", "expected"), [(True, 1), (False, 0)])
    def test_directory(self, outside: bool, expected: int, tmp_path: Path, elsewhere: Path):
        """A link out of an archive that is a directory is a warning, and one inside is not."""
        path = pack_as(
            archive_of({"handler.py": HANDLER}), tmp_path / "m", FORMATS["no-archive"], PACKING
        ).path
        (path / "link.txt").symlink_to(elsewhere / "secret.txt" if outside else "handler.py")
        found = [str(each) for each in check_path(path) if each.code == "MAR841"]

        assert len(found) == expected
        assert all(f"to `{elsewhere / 'secret.txt'}`" in each for each in found)
