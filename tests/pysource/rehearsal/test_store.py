"""What is bound after one of several ways."""

from __future__ import annotations

from hatch_mar.pysource.rehearsal.known_values import ABSENT, PRESENT, UNKNOWN
from hatch_mar.pysource.rehearsal.store import Store


def test_get():
    outer = Store()
    outer.bind("frame", "a", 1)
    inner = Store(outer)
    inner.bind("frame", "b", None)

    assert (inner.get("frame", "a"), inner.get("frame", "b")) == (1, None)
    assert outer.get("frame", "b") is ABSENT
    assert inner.all_of("frame") == {"a": 1, "b": None}


def test_join():
    """What all ways bind alike is known, and what one of them does not bind is not."""
    outer = Store()
    outer.bind("frame", "kept", 1)
    ways = [Store(outer), Store(outer)]
    for way in ways:
        way.bind("frame", "alike", 2)
    ways[0].bind("frame", "kept", 3)
    ways[1].bind("frame", "one", 4)

    outer.join(ways)

    assert outer.all_of("frame") == {"kept": PRESENT, "alike": 2, "one": UNKNOWN}
