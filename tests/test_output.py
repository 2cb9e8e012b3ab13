"""The way out for lines."""

from __future__ import annotations

import io
import os
import sys

import pytest

from hatch_mar.output import abandon, annotate, finish, log, prepare, show
from tests.archives import needs_posix

PAINTED = "a\x1b[2J\n::add-mask::b"


class TestShow:
    def test_lines(self, capsys: pytest.CaptureFixture[str]):
        """Each line stays one, and none is a command."""
        show("one", PAINTED, "::error::c")

        assert capsys.readouterr().out.splitlines() == [
            "one",
            r"a\x1b[2J\n::add-mask::b",
            r"\u003a:error::c",
        ]

    def test_nothing(self, capsys: pytest.CaptureFixture[str]):
        """Without lines, not even an empty one is printed."""
        show()

        assert capsys.readouterr() == ("", "")

    def test_closed(self, monkeypatch: pytest.MonkeyPatch):
        """A program may be started without an output."""
        monkeypatch.setattr(sys, "stdout", None)

        show("one")
        finish()


class TestLog:
    def test_lines(self, capsys: pytest.CaptureFixture[str]):
        """Standard error has the same lines."""
        log("one", PAINTED)

        out, err = capsys.readouterr()
        assert (out, err.splitlines()) == ("", ["one", r"a\x1b[2J\n::add-mask::b"])

    def test_closed(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        """Without standard error, the lines do not go to standard output."""
        monkeypatch.setattr(sys, "stderr", None)

        log("one")

        assert capsys.readouterr().out == ""


def test_annotate(capsys: pytest.CaptureFixture[str]):
    """Our own commands stay commands."""
    annotate("::error::c")

    assert capsys.readouterr().out == "::error::c\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_prepare(monkeypatch: pytest.MonkeyPatch, encoding: str):
    """A character that the output's encoding lacks is escaped."""
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", output)

    prepare()
    show("\u6570字")
    finish()

    assert output.buffer.getvalue() == rb"\u6570\u5b57" + os.linesep.encode()  # type: ignore[attr-defined]


@needs_posix
def test_abandon(monkeypatch: pytest.MonkeyPatch):
    """What nobody reads is dropped, and is not written again when Python exits."""
    read, write = os.pipe()
    os.close(read)
    output = open(write, "w")  # noqa: SIM115
    monkeypatch.setattr(sys, "stdout", output)
    show("one")
    with pytest.raises(BrokenPipeError):
        finish()

    abandon()

    finish()
    output.close()
