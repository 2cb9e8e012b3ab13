"""What is told of an event."""

from __future__ import annotations

from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.known_values import UNKNOWN
from tests.pysource.rehearsal import rehearse


def test_argument():
    """An argument is found by its place or by its name."""
    [call] = rehearse("import a\na.b(1, c=None)\nclass A: ...")

    assert isinstance(call, Call)
    assert [call.argument(0), call.argument(1, "c"), call.argument(1)] == [1, None, UNKNOWN]


def test_identity():
    """Two calls are alike if they call the same with the same arguments."""
    events = rehearse("import a\na.b(1)\na.b(1)\na.b(2)\nNone.c\nNone.c\nclass A: ...")
    one, two, three, four, five = (each.identity for each in events)

    assert one == two != three != four == five
