"""Records of pax headers are read as strictly as the strictest reader does."""

from __future__ import annotations

import pytest

from hatch_mar.archive.formats.pax import parse_records
from hatch_mar.archive.formats.unpacking import Stopped


def test_records():
    """Each record has its length, a key and a value that may have anything in it."""
    assert [*parse_records(b"10 path=a\n13 x=1=2\n345\n")] == [("path", "a"), ("x", "1=2\n345")]


@pytest.mark.parametrize(
    "data",
    [
        b"8 path=a\n",
        b"99 path=a\n",
        b"10 path=ab",
        b"10 path=a\n\0",
        b"9 path=\n",
        b"7 path\n",
        b"11 size=-1\n",
        b"15 mtime=1e-05\n",
    ],
)
def test_damage(data: bytes):
    """A record that readers take differently, or that Java cannot parse, is damage."""
    with pytest.raises(Stopped, match="The file is damaged: an extended header has "):
        [*parse_records(data)]
