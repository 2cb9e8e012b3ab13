from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from hatch_mar.cli import main, try_
from hatch_mar.trial.candidate import Options
from tests.archives import needs_posix
from tests.trial import DAEMON_HANDLER, ECHO, archive_of, write_archive

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"

[[tool.mar.examples]]
input = [1]
expect = "answer.json"
"""
RUNNING = "Running the code of `digits` with all your permissions"


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_, "Options", partial(Options, stand_in=True, bare=True))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "handler.py").write_text(ECHO)
    (tmp_path / "answer.json").write_text("[1]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestProject:
    def test_examples(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """Without a name, all archives of the project get their examples; the first line warns that this
        runs their code."""
        assert main(["try"]) == 0
        lines = capsys.readouterr().out.splitlines()

        assert lines[0] == RUNNING
        assert lines[1].startswith("digits: a stand-in for TorchServe's loader, no torch, Python 3.")
        assert lines[1].endswith(", on the CPU: torch is not installed")
        assert ["loaded", "ok", "ok", "peak"][:3] == [line.split()[0] for line in lines[2:5]]

    def test_package_of_that_name(self, project: Path):
        """A folder with the model's name is not taken for an archive."""
        (project / "digits").mkdir()

        assert main(["try", "digits"]) == 0

    def test_differs(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An answer other than the expected one is a fault."""
        (project / "answer.json").write_text("[2]")

        assert main(["try", "digits"]) == 1
        captured = capsys.readouterr()
        assert captured.err == "digits: `example #1`: `[0]` is 1, expected 2\n"
        assert "  FAIL example #1 " in captured.out

    def test_update(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`--update` writes the actual answers."""
        (project / "answer.json").unlink()

        assert main(["try", "--update"]) == 0
        assert capsys.readouterr().out.endswith("Updated answer.json\n")
        assert json.loads((project / "answer.json").read_text()) == [1]
        assert main(["try"]) == 0

    def test_input(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """`--input` replaces the examples."""
        Path("in.json").write_text('{"a": "b"}')

        assert main(["try", "digits", "--input", "in.json", "--input", "in.json"]) == 0
        assert capsys.readouterr().out.count('{"a": "b"}') == 2

    def test_unknown(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """An unknown name is an error of one line."""
        assert main(["try", "letters"]) == 1
        assert capsys.readouterr().err == "Unknown archive `letters`; the project has `digits`\n"

    def test_markdown(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """As Markdown, each request is a row, and what is wrong is a list."""
        assert main(["try", "--output-format", "markdown"]) == 0
        out, err = capsys.readouterr()
        assert out.startswith("### <code>digits</code>: passed\n\n- a stand-in for TorchServe's loader")
        assert "\n| ok | example &#35;1 | " in out
        assert err == f"{RUNNING}\n"

        (project / "answer.json").write_text("[2]")
        assert main(["try", "--output-format", "markdown"]) == 1
        out, _ = capsys.readouterr()
        assert out.startswith(
            "### <code>digits</code>: failed\n\n"
            "- digits: <code>example &#35;1</code>: <code>&#91;0&#93;</code> is 1, expected 2\n"
        )
        assert "\n| **failed** | example &#35;1 | " in out

    def test_json(self, project: Path, capsys: pytest.CaptureFixture[str]):
        """With `--json` standard output is JSON, and the warning is on standard error."""
        assert main(["try", "--json"]) == 0
        captured = capsys.readouterr()
        [report] = json.loads(captured.out)

        assert captured.err == f"{RUNNING}\n"
        assert (report["name"], report["ok"], report["device"]) == ("digits", True, "cpu")
        assert [reply["answer"] for reply in report["replies"]] == [[1], None]

    def test_serve(self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        """What a server needs and this machine lacks is an error before anything starts."""
        monkeypatch.setattr(try_, "find_missing", lambda: "`--serve` needs Java")

        assert main(["try", "--serve"]) == 1
        assert capsys.readouterr().err == "`--serve` needs Java\n"


class TestFile:
    @pytest.mark.parametrize("name", ["digits.mar", "digits"])
    def test_file(self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """An archive on disk is tried, whatever its format, and not changed."""
        path = write_archive(archive_of({"handler.py": ECHO}), tmp_path / name)
        request = tmp_path / "in.json"
        request.write_text("[3]")

        assert main(["try", str(path), "--input", str(request)]) == 0
        assert "[3]" in capsys.readouterr().out
        assert path.is_file() or {"handler.py", "MAR-INF"} == {entry.name for entry in path.iterdir()}

    def test_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """A file that does not exist is an error of one line."""
        monkeypatch.chdir(tmp_path)

        assert main(["try", "absent.mar"]) == 1
        assert (
            capsys.readouterr().err
            == "File not found: `absent.mar`, and there is no `pyproject.toml` that declares it\n"
        )

    def test_control_characters(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """An archive cannot control the terminal."""
        code = "def handle(data, context):\n    raise RuntimeError('\\x1b[2J')\n"
        path = write_archive(archive_of({"handler.py": code}), tmp_path / "digits.mar")

        assert main(["try", str(path), "--verbose"]) == 1
        captured = capsys.readouterr()
        assert "\x1b" not in captured.out + captured.err


class TestUsage:
    @pytest.mark.parametrize(
        "arguments", [["--update", "--input", "x"], ["--timeout", "0"], ["--timeout", "soon"], ["--unknown"]]
    )
    def test_wrong(self, arguments: list[str], project: Path):
        """Wrong usage is status 2."""
        with pytest.raises(SystemExit) as error:
            main(["try", *arguments])
        assert error.value.code == 2

    def test_help(self, capsys: pytest.CaptureFixture[str]):
        """The help says that it runs the archive's code."""
        with pytest.raises(SystemExit):
            main(["try", "--help"])
        assert "THIS RUNS THE ARCHIVE'S\nCODE" in capsys.readouterr().out


class TestInterrupted:
    @needs_posix
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_signal(self, number: signal.Signals, status: int, tmp_path: Path):
        """Ctrl-C and SIGTERM end the worker too, and what it has started, and leave nothing behind."""
        mark, daemon = tmp_path / "worker", tmp_path / "daemon"
        code = (
            DAEMON_HANDLER.format(mark=str(daemon), answer=None)
            + f"""
def handle(data, context):
    with open({str(mark)!r}, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)
"""
        )
        path = write_archive(archive_of({"handler.py": code}), tmp_path / "digits.mar")
        temporary = tmp_path / "t"
        temporary.mkdir()
        script = (
            "import sys; from functools import partial; from hatch_mar.cli import main, try_;"
            "from hatch_mar.trial.candidate import Options;"
            "try_.Options = partial(Options, stand_in=True, bare=True);"
            "sys.exit(main(['try', sys.argv[1]]))"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)

        assert status == process.returncode
        assert b"Traceback" not in output
        assert list(temporary.iterdir()) == []
        for file in (mark, daemon) if sys.platform == "linux" else (mark,):
            with pytest.raises(ProcessLookupError):
                os.kill(int(file.read_text()), 0)
