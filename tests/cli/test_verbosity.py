"""The options that every command has: `-h`, `-V`, `-q` and `-v`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar import __version__, output
from hatch_mar.cli import COMMANDS, main
from tests.cli.test_json import HANDLER, WORKING, prepare_project

SHORT = dict.fromkeys(COMMANDS, "-v") | {"archive": "--verbose"}


@pytest.fixture(autouse=True)
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """A project, beside an archive of it."""
    with prepare_project(tmp_path, monkeypatch):
        capfd.readouterr()
        yield


@pytest.mark.parametrize("name", COMMANDS)
def test_quiet(name: str, capfd: pytest.CaptureFixture[str]):
    """With `-q`, standard error has nothing if there is no fault."""
    assert main([name, "-q", *WORKING[name]]) == 0

    out, err = capfd.readouterr()
    assert err == ""
    assert "All checks passed" not in out
    assert "Running the code" not in out


@pytest.mark.parametrize("name", COMMANDS)
def test_verbose(name: str, capfd: pytest.CaptureFixture[str]):
    """With `-v`, standard error also says what is done and how long that took; the results are the same."""
    remembered = capfd.readouterr
    assert main([name, *WORKING[name]]) == 0
    normal = remembered().out
    force = ["--force"] if name == "archive" else []
    assert main([name, SHORT[name], *force, *WORKING[name]]) == 0

    out, err = remembered()
    # which say that it is unchanged, and show times
    assert out == normal or name in ("build", "try", "publish", "deploy")
    assert err.splitlines()[-1].startswith("Took ")
    assert output.verbosity == "verbose"
    assert main(["build"]) == 0
    assert output.verbosity == "normal"


@pytest.mark.parametrize("name", COMMANDS)
def test_either(name: str, capfd: pytest.CaptureFixture[str]):
    """Both at once are wrong usage."""
    with pytest.raises(SystemExit) as end:
        main([name, "--quiet", "--verbose", *WORKING[name]])

    assert end.value.code == 2
    assert "not allowed with" in capfd.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_version(name: str, capfd: pytest.CaptureFixture[str]):
    """`-V` shows the version of the program, whatever else is missing."""
    with pytest.raises(SystemExit) as end:
        main([name, "-V"])

    assert (end.value.code, capfd.readouterr().out) == (0, f"hatch-mar {__version__}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str, capfd: pytest.CaptureFixture[str]):
    """`hatch-mar help COMMAND` is its `--help`, which has the three."""
    texts = []
    for arguments in (["help", name], [name, "--help"], [name, "-h"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 0
        texts.append(capfd.readouterr().out)

    assert len({*texts}) == 1
    for option in ("-V", "--quiet", "--verbose", output.QUIET.split()[0]):
        assert option in texts[0]


def test_why_packed(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Why an archive is packed, and that it is not, is said."""
    path = f"{tmp_path}/dist/digits.mar"
    said = []
    for step in (lambda: None, lambda: None, lambda: Path("handler.py").write_text(HANDLER + "\n")):
        step()
        assert main(["build", "-v"]) == 0
        said.append(capfd.readouterr().err.splitlines()[0])

    assert said[0] == f"Packing `{path}`: it does not exist yet"
    # a file that has just been written may change once more with the same time
    assert said[1] in (
        f"Not packing `{path}`: nothing has changed since the last build",
        f"Packing `{path}`: there is no record of what it was made from",
    )
    assert said[2].startswith(f"Packing `{path}`: ")


def test_misspelled_option(capfd: pytest.CaptureFixture[str]):
    """A misspelled option is answered with the nearest, in every command and before one."""
    for name in COMMANDS:
        with pytest.raises(SystemExit) as end:
            main([name, "--jsno", *WORKING[name]])
        assert end.value.code == 2
        assert "error: unrecognized arguments: --jsno; did you mean `--json`?" in capfd.readouterr().err

    assert main(["--versoin"]) == 2
    assert capfd.readouterr().err == "Unknown option `--versoin`; did you mean `--version`?\n"


@pytest.mark.parametrize("option", ["-q", "--quiet", "-v", "--verbose"])
def test_before_the_command(option: str, capfd: pytest.CaptureFixture[str]):
    """An option that all commands have, but `hatch-mar` has not, is said to come after the command."""
    assert main([option, "check"]) == 2
    expected = f"`{option}` is an option of the commands: `hatch-mar COMMAND {option}`\n"
    assert capfd.readouterr().err == expected


def test_help_of_unknown(capfd: pytest.CaptureFixture[str]):
    """`help` answers a misspelled command with the nearest, and alone it is the help."""
    assert main(["help", "chekc"]) == 2
    assert capfd.readouterr().err == "Unknown command `chekc`; did you mean `check`?\n"
    assert main(["help"]) == 0
    assert "hatch-mar COMMAND" in capfd.readouterr().out
