"""How findings are shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_mar.__about__ import DOCUMENTATION
from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.archive.manifest import Manifest
from hatch_mar.cli import main
from hatch_mar.cli._findings import show_findings, show_verdict
from hatch_mar.finding import Place
from hatch_mar.output import set_verbosity
from tests import terminals
from tests.archives import PACKING, needs_posix

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
force = 1
"""
HANDLER = "\timport nothing_such\x1b[2J\ndef handle(data, context):\n    return data\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "handler.py").write_text(HANDLER)
    return tmp_path


class TestFull:
    def test_key(self, capsys: pytest.CaptureFixture[str]):
        """A finding about a key shows its line, what to do, and the address of the rule's page."""
        assert main(["check", "--output-format", "full"]) == 1
        assert capsys.readouterr().out.splitlines() == [
            "error: Field `tool.mar.force` must be a boolean [MAR004]",
            " --> pyproject.toml:8",
            "  |",
            "8 | force = 1",
            "  |",
            f"  = more: {DOCUMENTATION}reference/checks/MAR004/",
            "",
            "1 error",
        ]

    def test_line(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """A line of somebody else's stays one, with spaces for tabs; the gutter is as wide as its number."""
        (project / "handler.py").write_text("\n" * 9 + HANDLER)
        (project / "pyproject.toml").write_text(PYPROJECT.replace("force = 1", ""))

        assert main(["check", "--output-format", "full"]) == 1
        assert capsys.readouterr().out.splitlines()[1:5] == [
            "  --> handler.py:10",
            "   |",
            r"10 |     import nothing_such\x1b[2J",
            "   |",
        ]

    def test_without_file(self, capsys: pytest.CaptureFixture[str]):
        """An option is in no file, and a file may have no line."""
        option = UNFINISHED.at(
            Place(None, None, ("--handler",)), "Option `--handler` is wrong", "", severity="note"
        )
        file = UNFINISHED.at(Place("digits.mar"), "It is wrong", "fix it", severity="warning")
        show_findings([option, file], "full", among=(), root=Path())
        show_verdict([option, file], "full", passed=True)

        more = f"= more: {DOCUMENTATION}reference/checks/MAR131/"
        assert capsys.readouterr().out.splitlines() == [
            *("note: Option `--handler` is wrong [MAR131]", f" {more}", ""),
            *("warning: It is wrong [MAR131]", "--> digits.mar", " = help: fix it", f" {more}", ""),
            "1 warning, 1 note",
        ]

    def test_files(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Of several archives with one name, each finding says by the path which it is about."""
        for folder, form in (("a", "tgz"), ("b", "zip-store")):
            (project / folder).mkdir()
            manifest = Manifest({"model": {"modelName": "m", "handler": "handler.py"}})
            archive = Archive(manifest, [Member("handler.py", BytesSource(HANDLER.encode()))])
            FORMATS[form].write(archive, project / folder / f"m{FORMATS[form].suffix}", PACKING)

        assert main(["check", "a/m.tar.gz", "b/m.mar", "--select=MAR208", "--output-format", "full"]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if "-->" in line] == [
            f" --> {Path('a/m.tar.gz')}/handler.py:1",
            f" --> {Path('b/m.mar')}/handler.py:1",
        ]
        assert len([line for line in lines if "nothing_such" in line]) == 2
        assert lines[-1] == "2 errors"

        assert main(["check", "a/m.tar.gz", "b/m.mar", "--select=MAR208"]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(": ")[1] for line in lines] == [
            f"{Path('a/m.tar.gz')}/handler.py:1",
            f"{Path('b/m.mar')}/handler.py:1",
        ]

    def test_unreadable(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Of several archives, one that cannot be read does not hide what is wrong with the others."""
        (project / "page.mar").write_text("<html>")
        (project / "text.mar").write_text("text")

        assert main(["check", "page.mar", "text.mar"]) == 1
        assert capsys.readouterr().out.count("MAR801") == 2


class TestElsewhere:
    """What is wrong with a project in another folder is found where it is said to be."""

    @pytest.fixture(autouse=True)
    def faulty(self, project: Path):
        (project / "pyproject.toml").write_text(PYPROJECT.replace("force = 1", ""))

    @pytest.mark.parametrize("form", ["full", "concise"])
    def test_below(
        self, form: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        monkeypatch.chdir(project.parent)

        assert main(["check", "--project", project.name, "--output-format", form]) == 1
        assert f" {project.name}/handler.py:1" in capsys.readouterr().out

    def test_above(self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        (project / "weights").mkdir()
        monkeypatch.chdir(project / "weights")

        assert main(["check", "--project", ".."]) == 1
        assert f"error: {(project / 'handler.py').as_posix()}:1: MAR208" in capsys.readouterr().out

    def test_build(self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        monkeypatch.chdir(project.parent)

        assert main(["build", "--project", project.name]) == 1
        assert capsys.readouterr().err.startswith(f"{project.name}/handler.py:1: MAR208")

    def test_no_file(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """What no file of the project is, such as an archive that is to be built, keeps its name."""
        monkeypatch.chdir(project.parent)
        show_findings([UNFINISHED.at(Place("digits.mar"), "It is wrong", "")], "full", among=(), root=project)

        assert "--> digits.mar\n" in capsys.readouterr().out


class TestQuiet:
    def test_verdict(self, capsys: pytest.CaptureFixture[str]):
        """With `-q`, neither the number of findings is shown nor that there are none."""
        set_verbosity("quiet")
        for form in ("full", "concise"):
            show_verdict([], form, passed=True)
            show_verdict([UNFINISHED.at(Place("a"), "wrong")], form, passed=True)
        set_verbosity("normal")

        assert capsys.readouterr().out == ""

    def test_notes(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """With `-q`, notes are not shown either."""
        (project / "handler.py").write_text(HANDLER[HANDLER.index("def") :])
        system = '[build-system]\nrequires = []\nbuild-backend = "setuptools.build_meta"\n'
        (project / "pyproject.toml").write_text(PYPROJECT.replace("force = 1", "") + system)

        assert main(["check"]) == 0
        assert "note: Only `hatch-mar build` writes these archives" in capsys.readouterr().out
        assert main(["check", "-q"]) == 0
        assert capsys.readouterr() == ("", "")


def run_on_terminal(*arguments: str, **environment: str) -> str:
    """What a command in a process of its own shows on a terminal."""
    command = [sys.executable, "-m", "hatch_mar", *arguments]
    return terminals.run_on_terminal(command, {**os.environ, **environment})[1]


@needs_posix
class TestTerminal:
    def test_full(self):
        """On a terminal, findings are shown in full and in colour."""
        text = run_on_terminal("check")

        assert text.startswith(
            "\x1b[1;31merror\x1b[0m: \x1b[1mField `tool.mar.force` must be a boolean\x1b[0m"
        )
        assert "8 | \x1b[0mforce = 1\n" in text
        assert text.endswith("\x1b[1;31m1 error\x1b[0m\n")

    @pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_without_colour(self, environment: dict[str, str]):
        """Without colours, they are shown in full too."""
        text = run_on_terminal("check", **environment)

        assert "\x1b" not in text
        assert "8 | force = 1\n" in text

    def test_asked(self):
        """What is asked for is shown, and others' escape codes are never obeyed."""
        assert "8 | " not in run_on_terminal("check", "--output-format", "concise")
        Path("pyproject.toml").write_text(PYPROJECT.replace("force = 1", ""))
        text = run_on_terminal("check")
        assert r"\x1b[2J" in text
        assert {*re.findall("\x1b\\[([0-9;]*.)", text)} == {"1;31m", "1m", "2m", "0m"}

    def test_build(self, project: Path):
        """A build's errors and warnings are shown in the same way, and so are those of `archive`."""
        text = run_on_terminal("build", NO_COLOR="1")
        assert text.startswith(
            "error: Field `tool.mar.force` must be a boolean [MAR004]\n --> pyproject.toml:8\n"
        )
        assert "8 | force = 1\n" in text

        Path("pyproject.toml").write_text(PYPROJECT.replace("force = 1", ""))
        Path("handler.py").write_text(HANDLER.replace("\t", "").replace("\x1b[2J", ""))
        options = ["--model-name=digits", "--version=1", "--handler=handler.py"]
        for arguments, path in ((["build"], f"{project}/dist/"), (["archive", *options], "")):
            text = run_on_terminal(*arguments, NO_COLOR="1")
            assert text.startswith(
                "warning: `nothing_such` is neither in the archive nor in its requirements"
            )
            assert "1 | import nothing_such\n" in text
            assert text.splitlines()[-1] == f"{path}digits.mar"

    def test_unreadable_project(self, project: Path):
        """The line that keeps a build from reading `pyproject.toml` is shown as well."""
        (project / "pyproject.toml").write_text("[project\n")

        assert "1 | [project\n" in run_on_terminal("build", NO_COLOR="1")

    @pytest.mark.parametrize(
        ("name", "handler", "expected"),
        [
            ("digits", "absent.py", "error: Option `--handler`: file not found: `absent.py` [MAR021]"),
            ("2/1", "handler.py", "error: Option `--model-name` must begin with a letter"),
        ],
    )
    def test_archive(self, name: str, handler: str, expected: str):
        """What keeps `archive` from writing one is shown as its warnings are."""
        options = ["--model-name", name, "--version=1", "--handler", handler]
        text = run_on_terminal("archive", *options, NO_COLOR="1")

        assert text.startswith(expected)
        assert " = more: " in text

    def test_written_all_the_same(self):
        """What does not keep `archive` from writing the archive is a warning, whatever it is to `check`."""
        Path("handler.py").write_text("import torch\n")
        text = run_on_terminal(
            "archive", "--model-name=d", "--version=1", "--handler=handler.py", NO_COLOR="1"
        )

        assert text.startswith("warning: ")
        assert "error: " not in text
        assert text.endswith("\nd.mar\n")

    def test_pipe(self):
        """In a pipe, each is one line without colours, unless they are asked for."""
        command = [sys.executable, "-m", "hatch_mar", "check"]
        line = "error: Field `tool.mar.force` must be a boolean [MAR004]\n"
        result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert result.stdout == line
        forced = {**os.environ, "FORCE_COLOR": "1"}
        result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=forced)
        assert result.stdout == line.replace("error", "\x1b[1;31merror\x1b[0m", 1)
