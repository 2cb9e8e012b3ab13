"""`hatch-mar check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hatch_mar.cli import main

PYPROJECT = """
[project]
name = "digits"
version = "1.0"
[tool.mar]
handler = "handler.py"
{more}
"""
GOOD = "def handle(data, context):\n    return data\n"
WARNED = "import nothing_such\n" + GOOD
BAD = "def handle(:\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, GOOD)
    return tmp_path


def written(root: Path, handler: str, more: str = "") -> None:
    (root / "pyproject.toml").write_text(PYPROJECT.format(more=more))
    (root / "handler.py").write_text(handler)


class TestProject:
    def test_in_order(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Nothing is said of what is in order."""
        assert main(["check"]) == 0
        assert capsys.readouterr() == ("", "")

    def test_error(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An error is shown with its place and what to do, and is the exit status."""
        written(project, BAD)

        assert main(["check"]) == 1
        assert capsys.readouterr().out.startswith("error: handler.py:1: MAR208 ")

    def test_warning(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A warning is shown, and is the exit status with `--strict`."""
        written(project, WARNED)

        assert main(["check"]) == 0
        assert capsys.readouterr().out.startswith("warning: handler.py:1: MAR231 ")
        assert main(["check", "--strict"]) == 1

    def test_ignored(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`ignore` switches a code off."""
        written(project, WARNED, 'ignore = ["MAR231"]')

        assert main(["check", "--strict"]) == 0
        assert capsys.readouterr() == ("", "")

    def test_by_name(self, project: Path):
        """An archive is checked by its name, from anywhere."""
        assert main(["check", "digits", "--project", str(project)]) == 0

    def test_unknown_name(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A name that is neither a file nor an archive is an error."""
        assert main(["check", "other"]) == 1
        assert capsys.readouterr().err == "Unknown archive `other`; the project has `digits`\n"


class TestFile:
    def test_in_order(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that was just built is in order."""
        main(["build"])
        capsys.readouterr()

        assert main(["check", "dist/digits.mar", "--strict"]) == 0
        assert capsys.readouterr().out == ""

    def test_not_an_archive(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """What is no archive is said to be none."""
        (project / "page.mar").write_text("<html>")

        assert main(["check", "page.mar"]) == 1
        assert "MAR801" in capsys.readouterr().out

    def test_without_manifest(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A directory without a manifest is none either."""
        (project / "model").mkdir()
        (project / "model" / "handler.py").write_text(GOOD)

        assert main(["check", str(project / "model")]) == 1
        assert "MAR199" in capsys.readouterr().out


class TestOutput:
    def test_json(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """For machines, all of a finding."""
        written(project, BAD)
        main(["check", "--json"])
        [found] = json.loads(capsys.readouterr().out)

        assert list(found) == ["code", "severity", "file", "line", "key", "archives", "message", "fix"]
        assert tuple(found.values())[:4] == ("MAR208", "error", "handler.py", 1)

    def test_github(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """For GitHub, annotations."""
        written(project, BAD)
        main(["check", "--output-format", "github"])

        assert capsys.readouterr().out.startswith("::error file=handler.py,line=1,title=MAR208::")

    def test_list(self, capsys: pytest.CaptureFixture[str]):
        """All checks are listed, for people and for machines."""
        assert main(["check", "--list"]) == 0
        text = capsys.readouterr().out
        assert main(["check", "--list", "--json"]) == 0
        rules = json.loads(capsys.readouterr().out)

        assert len(text.splitlines()) == len(rules)
        assert "MAR203" in text

    def test_help(self, capsys: pytest.CaptureFixture[str]):
        """The help has an example."""
        with pytest.raises(SystemExit) as status:
            main(["check", "--help"])

        assert status.value.code == 0
        assert "example:\n  hatch-mar check" in capsys.readouterr().out
