"""`hatch-mar` itself."""

from __future__ import annotations

import pytest

from hatch_mar import __version__
from hatch_mar.cli import COMMANDS, main


class TestMain:
    @pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
    def test_help(self, arguments: list[str], capsys: pytest.CaptureFixture[str]):
        """All commands are listed, with what they do."""
        assert main(arguments) == 0

        text = capsys.readouterr().out
        assert all(f"  {name:7}  {what}\n" in text for name, what in COMMANDS.items())

    def test_version(self, capsys: pytest.CaptureFixture[str]):
        """The version is the package's."""
        assert main(["--version"]) == 0
        assert capsys.readouterr().out == f"hatch-mar {__version__}\n"

    def test_misspelled(self, capsys: pytest.CaptureFixture[str]):
        """A command that is almost one is asked about."""
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
        """Of another, the list is named."""
        assert main(["xyz"]) == 2
        assert capsys.readouterr().err == "Unknown command `xyz`; see `hatch-mar --help`\n"
