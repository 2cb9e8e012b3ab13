"""What is bound and certain on a way that may not be taken."""

from __future__ import annotations

from hatch_mar.pysource.rehearsal.known_values import UNKNOWN
from hatch_mar.pysource.rehearsal.ways import Ways


def test_fork():
    """What a way binds is not bound beside it, and its doubts end with it."""
    ways = Ways(steps=10)

    def run() -> int:
        ways.doubts += 1
        ways.store.bind("frame", "a", 1)
        return ways.doubts

    store, doubts = ways.fork(run)

    assert (doubts, ways.doubts) == (2, 0)
    assert ways.store.all_of("frame") == {}
    ways.join([store, ways.fork(lambda: None)[0]])
    assert ways.store.get("frame", "a") is UNKNOWN


def test_doubt():
    ways = Ways(steps=10)
    with ways.doubt(is_doubted=False):
        assert ways.doubts == 0
    with ways.doubt():
        assert ways.doubts == 1
    assert ways.doubts == 0
