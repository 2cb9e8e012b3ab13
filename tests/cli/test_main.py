"""`hatch-mar` itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_mar import __version__
from hatch_mar.cli import COMMANDS, load_command, main
from tests.archives import needs_posix


class TestMain:
    @pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
    def test_help(self, arguments: list[str], capsys: pytest.CaptureFixture[str]):
        """All commands are listed, with what they do."""
        assert main(arguments) == 0

        text = capsys.readouterr().out
        assert all(f"  {name:10}  {what}\n" in text for name, what in COMMANDS.items())

    def test_version(self, capsys: pytest.CaptureFixture[str]):
        """The version is the package's."""
        assert main(["--version"]) == 0
        assert capsys.readouterr().out == f"hatch-mar {__version__}\n"

    def test_misspelled(self, capsys: pytest.CaptureFixture[str]):
        """For a misspelled command, the most similar one is suggested."""
        assert main(["chekc"]) == 2
        assert capsys.readouterr().err == "Unknown command `chekc`; did you mean `check`?\n"

    def test_control_characters(self, capsys: pytest.CaptureFixture[str]):
        """What was typed is shown without them."""
        assert main(["a\x1b[31m"]) == 2
        with pytest.raises(SystemExit):
            main(["diff", "a", "b", "--bogus\x1b[31m"])

        assert [line for line in capsys.readouterr().err.splitlines() if "[31m" in line] == [
            "Unknown command `a\\x1b[31m`; see `hatch-mar --help`",
            "hatch-mar diff: error: unrecognized arguments: --bogus\\x1b[31m",
        ]

    def test_unknown(self, capsys: pytest.CaptureFixture[str]):
        """For any other unknown command, the message points to `--help`."""
        assert main(["xyz"]) == 2
        assert capsys.readouterr().err == "Unknown command `xyz`; see `hatch-mar --help`\n"

    def test_too_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """A name that no file can have is an error of one line. For Python 3.14, no such file exists."""
        monkeypatch.chdir(tmp_path)

        assert main(["check", "a" * 300]) == 1
        [line] = "".join(capsys.readouterr()).splitlines()
        assert f"`{'a' * 300}`" in line


@pytest.mark.parametrize("name", COMMANDS)
def test_parser(name: str):
    """A command's parser can be had without running it, for what documents and completes it."""
    parser = load_command(name).parser()

    assert parser.prog == f"hatch-mar {name}"
    assert "--json" in parser.format_help()


@needs_posix
class TestOutput:
    """Output that cannot be written."""

    @pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["check", "--list"]])
    def test_broken_pipe(self, arguments: list[str]):
        """A reader that has seen enough ends the command with one line, and not with success."""
        read, write = os.pipe()
        os.close(read)

        assert run(arguments, write) == (1, "Cannot write the output: Broken pipe\n")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    @pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["check", "--list"]])
    @pytest.mark.parametrize("unbuffered", ["", "1"])
    def test_full_disk(self, arguments: list[str], unbuffered: str):
        """A disk that is full is an error of one line."""
        expected = "Cannot write the output: No space left on device\n"

        assert run(arguments, os.open("/dev/full", os.O_WRONLY), unbuffered) == (1, expected)


def run(arguments: list[str], output: int, unbuffered: str = "") -> tuple[int, str]:
    """The exit status of `hatch-mar` with this file descriptor as its output, and what it says of it."""
    command = [sys.executable, "-m", "hatch_mar", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open(output, "wb") as stdout:
        result = subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", env=environment, check=False
        )
    return result.returncode, result.stderr


@pytest.mark.parametrize("python_path", [None, ".", "{}"])
@pytest.mark.parametrize("name", ["build", "yaml", "packaging"])
def test_modules_of_the_project(tmp_path: Path, name: str, python_path: str | None):
    """`python -m hatch_mar` imports nothing from the working directory, whatever its search path is."""
    inherited = os.environ.get("PYTHONPATH")
    paths = [path for path in (python_path and python_path.format(tmp_path), inherited) if path]
    (tmp_path / f"{name}.py").write_text("raise SystemExit('the project runs')\n")
    (tmp_path / "backend.py").write_text(
        "import os\n"
        "def prepare_metadata_for_build_wheel(directory, settings=None):\n"
        "    os.mkdir(os.path.join(directory, 'a-2.dist-info'))\n"
        "    with open(os.path.join(directory, 'a-2.dist-info', 'METADATA'), 'w') as file:\n"
        "        file.write('Metadata-Version: 2.1\\nName: a\\nVersion: 2\\n')\n"
        "    return 'a-2.dist-info'\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "a"\ndynamic = ["version"]\n[tool.mar]\nhandler = "own.py"\n'
    )
    (tmp_path / "own.py").write_text("def handle(data, context): ...\n")
    result = subprocess.run(
        [sys.executable, "-m", "hatch_mar", "build"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert (result.stderr, result.returncode) == ("", 0)
    assert (tmp_path / "dist/a.mar").is_file()
