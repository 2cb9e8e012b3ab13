from __future__ import annotations

import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.formats.crc import WORTHWHILE, Tally, fastest_crc32, join_crcs
from tests.archives import incompressible

DATA = incompressible(100_000)


class TestFastestCrc32:
    def test_same(self):
        """Its value is zlib's, whichever function it is."""
        assert zlib.crc32(DATA, 5) == fastest_crc32()(DATA, 5)

    def test_without_isal(self, monkeypatch: pytest.MonkeyPatch):
        """Without ISA-L it is zlib's."""
        monkeypatch.setitem(sys.modules, "isal", None)
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)

        assert zlib.crc32 is fastest_crc32.__wrapped__()


class TestJoinCrcs:
    @given(st.binary(), st.binary())
    def test_any(self, first: bytes, second: bytes):
        """The joined CRC is zlib's CRC of both pieces."""
        assert zlib.crc32(first + second) == join_crcs(zlib.crc32(first), zlib.crc32(second), len(second))

    @pytest.mark.parametrize("size", [1, 1 << 20, (1 << 20) + 1, 5_000_001])
    def test_long(self, size: int):
        """The second piece may have any length."""
        assert zlib.crc32(DATA + bytes(size)) == join_crcs(zlib.crc32(DATA), zlib.crc32(bytes(size)), size)


class TestTally:
    @pytest.mark.parametrize("size", [0, 1, WORTHWHILE - 1, WORTHWHILE])
    def test_count(self, size: int):
        """The CRC is the same for small and for large chunks."""
        tally = Tally()
        tally.count(b"before")
        tally.count(bytes(size))

        assert (6 + size, zlib.crc32(b"before" + bytes(size))) == (tally.size, tally.crc)

    @given(st.lists(st.binary()))
    def test_add(self, pieces: list[bytes]):
        """Pieces add up to the whole."""
        tally = Tally()
        for piece in pieces:
            tally.add(len(piece), zlib.crc32(piece))

        assert (len(b"".join(pieces)), zlib.crc32(b"".join(pieces))) == (tally.size, tally.crc)
