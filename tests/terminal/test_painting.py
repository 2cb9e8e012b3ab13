from __future__ import annotations

import sys

import pytest

from hatch_mar.terminal.painting import Line, log_painted, show_painted

PAINTED = "a\x1b[2J\n::add-mask::b"
LINE = Line(("error", "error"), ": ", PAINTED)


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


class TestShowPainted:
    def test_plain(self, capsys: pytest.CaptureFixture[str]):
        """What does not take colours gets the text."""
        show_painted(LINE, Line())

        assert capsys.readouterr() == ("error: a\\x1b[2J\\n::add-mask::b\n\n", "")

    def test_painted(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        """Our codes are kept, and nobody else's."""
        monkeypatch.setenv("FORCE_COLOR", "1")
        show_painted(LINE)

        assert capsys.readouterr().out == "\x1b[1;31merror\x1b[0m: a\\x1b[2J\\n::add-mask::b\n"

    @pytest.mark.parametrize(
        "parts", [("##", "[error]b"), ("  :", ":error::b"), ("#", "#vso[b"), ("", "::b")]
    )
    def test_commands(
        self, parts: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """Two parts do not make a command of a workflow together."""
        show_painted(Line(*parts))
        plain = capsys.readouterr().out
        monkeypatch.setenv("FORCE_COLOR", "1")
        show_painted(Line((parts[0], "strong"), (parts[1], "error")))
        painted = capsys.readouterr().out

        assert "\\u00" in plain
        assert "".join(painted.replace("\x1b[1m", "").replace("\x1b[1;31m", "").split("\x1b[0m")) == plain

    def test_closed(self, monkeypatch: pytest.MonkeyPatch):
        """A program may be started without an output."""
        monkeypatch.setattr(sys, "stdout", None)

        show_painted(LINE)


def test_log_painted(capsys: pytest.CaptureFixture[str]):
    """Standard error has the same lines."""
    log_painted(Line("a"))

    assert capsys.readouterr() == ("", "a\n")
