from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.formats import copying
from hatch_mar.formats.copying import Tally, copy, fastest_crc32, tallied
from tests.archives import incompressible

LARGE = copying.LARGE
DATA = incompressible(100_000)


@pytest.mark.parametrize("size", [0, LARGE - 1, LARGE], ids=["unknown", "small", "large"])
class TestCopy:
    def test_bytes(self, size: int):
        """The bytes arrive, and are counted with their CRC, whether a second thread helps or not."""
        file = io.BytesIO()
        tally = copy([DATA, b"", DATA[:7]], size, file, int)

        assert DATA + DATA[:7] == file.getvalue()
        assert (len(DATA) + 7, zlib.crc32(DATA + DATA[:7])) == (tally.size, tally.crc)

    def test_moved(self, size: int):
        """Every chunk is told of once it is written."""
        moved: list[int] = []
        copy([DATA, DATA[:7]], size, io.BytesIO(), moved.append)

        assert [len(DATA), 7] == moved

    def test_fault(self, size: int):
        """What goes wrong while reading or writing goes on, and leaves no thread behind."""

        def chunks() -> Iterator[bytes]:
            yield DATA
            raise OSError("no more")

        with pytest.raises(OSError, match=r"^no more$"):
            copy(chunks(), size, io.BytesIO(), int)


class TestTallied:
    @given(st.lists(st.binary(max_size=100)), st.sampled_from([0, LARGE]))
    def test_any(self, chunks: list[bytes], size: int):
        """Chunks go through as they are."""
        tally = Tally()

        assert chunks == list(tallied(chunks, size, tally, int))
        assert (len(b"".join(chunks)), zlib.crc32(b"".join(chunks))) == (tally.size, tally.crc)

    def test_goes_on(self):
        """A tally goes on where it was, as that of a tar whose members come one after the other."""
        tally = Tally()
        for chunk in (b"1", b"23"):
            list(tallied([chunk], 1, tally, int))

        assert (3, zlib.crc32(b"123")) == (tally.size, tally.crc)


class TestFastestCrc32:
    def test_same(self):
        """Whichever it is, it gives zlib's value."""
        assert zlib.crc32(DATA, 5) == fastest_crc32()(DATA, 5)

    def test_without_isal(self, monkeypatch: pytest.MonkeyPatch):
        """Where ISA-L is not installed, it is zlib's."""
        monkeypatch.setitem(sys.modules, "isal", None)
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)

        assert zlib.crc32 is fastest_crc32()
