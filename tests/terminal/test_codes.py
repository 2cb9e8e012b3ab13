from __future__ import annotations

import io

import pytest

from hatch_mar.terminal.codes import paint, takes_codes, takes_colours


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


class TestTakesColours:
    def test_stream(self):
        """A terminal does, and nothing else."""
        assert takes_colours(Terminal())
        assert not takes_colours(io.StringIO())

    @pytest.mark.parametrize(
        ("environment", "terminal", "other"),
        [
            ({"NO_COLOR": "1"}, False, False),
            ({"NO_COLOR": ""}, True, False),
            ({"FORCE_COLOR": "1"}, True, True),
            ({"FORCE_COLOR": ""}, True, False),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
            ({"TERM": "dumb"}, False, False),
            ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ],
    )
    def test_wishes(
        self, environment: dict[str, str], terminal: bool, other: bool, monkeypatch: pytest.MonkeyPatch
    ):
        """What the user wishes decides, if it is set to anything."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        assert (takes_colours(Terminal()), takes_colours(io.StringIO())) == (terminal, other)


class TestTakesCodes:
    def test_colours_unwanted(self, monkeypatch: pytest.MonkeyPatch):
        """A line may be written over without colours; colours in a log do not make it a terminal."""
        monkeypatch.setenv("NO_COLOR", "1")
        assert takes_codes(Terminal())
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert not takes_codes(io.StringIO())


def test_paint():
    """What follows has no colour."""
    assert paint("error", "error") == "\x1b[1;31merror\x1b[0m"
