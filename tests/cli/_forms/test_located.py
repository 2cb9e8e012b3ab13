"""Where in a repository a service shows each finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli._forms.located import Located, locate_findings, path_in_repository
from hatch_mar.finding import Finding, Place
from tests.archives import needs_posix

PYPROJECT = '[project]\nname = "digits"\n\n[tool.mar]\nhandler = "handler.py"\n'


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a repository."""
    model = tmp_path / "models" / "digits"
    model.mkdir(parents=True)
    (model / "handler.py").touch()
    (model / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "lib.py").touch()
    monkeypatch.chdir(model)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    return model


def located(place: Place, root: Path = Path(), *files: Path) -> Located:
    finding = UNFINISHED.at(place, "It is wrong", "fix it")._replace(archives=tuple(map(str, files)))
    [found] = locate_findings([finding], among=(), root=root, files=files)
    return found


class TestPath:
    @pytest.mark.parametrize(
        ("file", "expected"),
        [("handler.py", "models/digits/handler.py"), ("../../lib.py", "lib.py")],
        ids=["of the project", "beside it"],
    )
    def test_workspace(self, file: str, expected: str):
        """In a workflow, paths begin at the repository's root, whatever its `working-directory` is."""
        assert path_in_repository(file, Path()) == expected

    def test_gitlab(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """So they do in a job of GitLab."""
        monkeypatch.delenv("GITHUB_WORKSPACE")
        monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path / "models"))

        assert path_in_repository("handler.py", Path()) == "digits/handler.py"

    def test_absolute(self, model: Path):
        """So they do if the finding's own path is absolute."""
        assert path_in_repository(str(model / "handler.py"), Path()) == "models/digits/handler.py"

    def test_outside(self, tmp_path: Path):
        """A file that is not in the repository has an absolute path."""
        assert path_in_repository("../../../lib.py", Path()) == (tmp_path.parent / "lib.py").as_posix()

    def test_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Outside of workflows, they begin where the command runs."""
        monkeypatch.delenv("GITHUB_WORKSPACE")
        monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
        monkeypatch.chdir(tmp_path / "models")

        assert path_in_repository("handler.py", Path("digits")) == "digits/handler.py"


class TestPlace:
    def test_file(self):
        """A finding about a line of a file is shown there."""
        found = located(Place("handler.py", 3))

        assert (found.path, found.line, found.text) == (
            "models/digits/handler.py",
            3,
            "It is wrong; fix it",
        )

    def test_planned(self):
        """A finding about what only the archive will have is shown where the archives are declared."""
        found = located(Place("digits.mar/MAR-INF/MANIFEST.json"))

        assert (found.path, found.line) == ("models/digits/pyproject.toml", 4)
        assert found.text == "digits.mar/MAR-INF/MANIFEST.json: It is wrong; fix it"

    def test_member(self, model: Path, tmp_path: Path):
        """A finding about a member of an archive is shown at the archive, whatever the project is."""
        (model / "a.mar").touch()
        found = located(Place("a.mar/handler.py", 3), tmp_path, Path("a.mar"))

        assert (found.path, found.line) == ("models/digits/a.mar", None)
        assert found.text == "a.mar/handler.py:3: It is wrong; fix it"

    def test_directory(self, model: Path):
        """The members of an archive that is a directory are files."""
        (model / "a").mkdir()
        (model / "a" / "handler.py").touch()
        found = located(Place("a/handler.py", 3), Path(), Path("a"))

        assert (found.path, found.line, found.text) == (
            "models/digits/a/handler.py",
            3,
            "It is wrong; fix it",
        )

    @needs_posix
    def test_broken_link(self, model: Path):
        """A link that leads nowhere is a file of the repository."""
        (model / "lib.py").symlink_to("nowhere")

        assert located(Place("lib.py")).path == "models/digits/lib.py"

    def test_no_project(self, tmp_path: Path):
        """Where there is no `pyproject.toml`, the finding about that keeps its path."""
        assert located(Place(str(tmp_path / "pyproject.toml")), tmp_path).path == "pyproject.toml"


class TestFingerprint:
    def fingerprints(self, *findings: Finding) -> list[str]:
        return [each.fingerprint for each in locate_findings(findings, among=(), root=Path())]

    def test_lines(self):
        """It stays the same if lines are added above."""
        one, other = (UNFINISHED.at(Place("handler.py", line), "It is wrong") for line in (3, 8))

        assert self.fingerprints(one) == self.fingerprints(other)

    def test_messages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """It does not depend on the lines that a message names, nor on the folder that a runner works in."""

        def fingerprint(root: Path, line: int) -> str:
            root.mkdir()
            monkeypatch.setenv("GITHUB_WORKSPACE", str(root))
            text = f"Cannot read `{root / 'handler.py'}`: it is wrong (at line {line}, column 2)"
            [one] = locate_findings([UNFINISHED.at(Place("handler.py"), text)], among=(), root=root)
            return one.fingerprint

        assert fingerprint(tmp_path / "a", 3) == fingerprint(tmp_path / "b", 4)

    def test_unique(self):
        """No two findings have the same, even if only their lines differ."""
        place = Place("handler.py", 3)
        findings = [
            UNFINISHED.at(place, "It is wrong"),
            UNFINISHED.at(place._replace(line=4), "It is wrong"),
            UNFINISHED.at(place, "It is wrong, too"),
            UNFINISHED.at(Place("pyproject.toml", 3), "It is wrong"),
            UNFINISHED.at(Place("a.mar/a"), "It is wrong"),
            UNFINISHED.at(Place("a.mar/b"), "It is wrong"),
            UNFINISHED.at(place, "It is wrong")._replace(archives=("a",)),
        ]

        assert len({*self.fingerprints(*findings)}) == len(findings)
