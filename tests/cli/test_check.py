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
        assert 0 == main(["check"])
        assert ("", "") == capsys.readouterr()

    def test_error(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An error is shown with its place and what to do, and is the exit status."""
        written(project, BAD)

        assert 1 == main(["check"])
        assert capsys.readouterr().out.startswith("error: handler.py:1: MAR208 ")

    def test_warning(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A warning is shown, and is the exit status with `--strict`."""
        written(project, WARNED)

        assert 0 == main(["check"])
        assert capsys.readouterr().out.startswith("warning: handler.py:1: MAR231 ")
        assert 1 == main(["check", "--strict"])

    def test_ignored(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`ignore` switches a code off."""
        written(project, WARNED, 'ignore = ["MAR231"]')

        assert 0 == main(["check", "--strict"])
        assert ("", "") == capsys.readouterr()

    def test_by_name(self, project: Path):
        """An archive is checked by its name, from anywhere."""
        assert 0 == main(["check", "digits", "--project", str(project)])

    def test_unknown_name(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A name that is neither a file nor an archive is an error."""
        assert 1 == main(["check", "other"])
        assert "Unknown archive `other`; the project has `digits`\n" == capsys.readouterr().err


class TestFile:
    def test_in_order(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An archive that was just built is in order."""
        main(["build"])
        capsys.readouterr()

        assert 0 == main(["check", "dist/digits.mar", "--strict"])
        assert "" == capsys.readouterr().out

    def test_not_an_archive(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """What is no archive is said to be none."""
        (project / "page.mar").write_text("<html>")

        assert 1 == main(["check", "page.mar"])
        assert "MAR801" in capsys.readouterr().out

    def test_without_manifest(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A directory without a manifest is none either."""
        (project / "model").mkdir()
        (project / "model" / "handler.py").write_text(GOOD)

        assert 1 == main(["check", str(project / "model")])
        assert "MAR199" in capsys.readouterr().out


class TestOutput:
    def test_json(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """For machines, all of a finding."""
        written(project, BAD)
        main(["check", "--json"])
        [found] = json.loads(capsys.readouterr().out)

        assert ["code", "severity", "file", "line", "key", "archives", "message", "fix"] == list(found)
        assert ("MAR208", "error", "handler.py", 1) == tuple(found.values())[:4]

    def test_github(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """For GitHub, annotations."""
        written(project, BAD)
        main(["check", "--output-format", "github"])

        assert capsys.readouterr().out.startswith("::error file=handler.py,line=1,title=MAR208::")

    def test_list(self, capsys: pytest.CaptureFixture[str]):
        """All checks are listed, for people and for machines."""
        assert 0 == main(["check", "--list"])
        text = capsys.readouterr().out
        assert 0 == main(["check", "--list", "--json"])
        rules = json.loads(capsys.readouterr().out)

        assert len(text.splitlines()) == len(rules)
        assert "MAR203" in text

    def test_help(self, capsys: pytest.CaptureFixture[str]):
        """The help has an example."""
        with pytest.raises(SystemExit) as status:
            main(["check", "--help"])

        assert 0 == status.value.code
        assert "example:\n  hatch-mar check" in capsys.readouterr().out
