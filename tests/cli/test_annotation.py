"""The annotations that GitHub makes of findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.cli._annotation import annotation, path_in_repository
from hatch_mar.finding import Place


def test_escaped(tmp_path: Path):
    """No name ends the command or one of its properties early, and a note is a notice."""
    finding = UNFINISHED.at(Place("a:b,c%.py", 3), "100%: a, b\n::error::", "fix it", severity="note")

    assert annotation(finding, tmp_path).startswith("::notice file=a%3Ab%2Cc%25.py,line=3,title=MAR131::")
    assert "\n" not in annotation(finding, tmp_path)
    assert "100%25: a, b" in annotation(finding, tmp_path)


class TestPath:
    @pytest.fixture(autouse=True)
    def model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A project in a repository."""
        model = tmp_path / "models" / "digits"
        model.mkdir(parents=True)
        (model / "handler.py").touch()
        (tmp_path / "lib.py").touch()
        monkeypatch.chdir(model)
        monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
        return model

    @pytest.mark.parametrize(
        ("file", "expected"),
        [
            ("handler.py", "models/digits/handler.py"),
            ("../../lib.py", "lib.py"),
            ("digits.mar/handler.py", "digits.mar/handler.py"),
            ("../../../lib.py", "../../../lib.py"),
        ],
        ids=["of the project", "beside it", "in an archive", "nowhere"],
    )
    def test_workspace(self, file: str, expected: str):
        """In a workflow, paths begin at the repository's root, whatever its `working-directory` is."""
        assert path_in_repository(file, Path()) == expected

    def test_absolute(self, model: Path):
        """So they do if the finding's own path is absolute."""
        assert path_in_repository(str(model / "handler.py"), Path()) == "models/digits/handler.py"

    def test_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Outside of workflows, they begin where the command runs."""
        monkeypatch.delenv("GITHUB_WORKSPACE")
        monkeypatch.chdir(tmp_path / "models")

        assert path_in_repository("handler.py", Path("digits")) == "digits/handler.py"
