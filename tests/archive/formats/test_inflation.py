from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.formats import inflation
from hatch_mar.archive.formats.inflation import GZIP_WINDOW, Inflated, Pieces, read_deflated
from tests.archives import incompressible
from tests.memory import bounded

DATA = incompressible(1 << 20)


class TestReadDeflated:
    @given(st.binary(max_size=2000), st.binary(max_size=20))
    def test_any(self, data: bytes, after: bytes):
        """The stream's bytes are given, and the file's position ends up after it."""
        file = io.BytesIO(gzip.compress(data) + after)

        assert b"".join(read_deflated(file, GZIP_WINDOW)) == data
        assert file.read() == after

    @given(st.integers(0, 10**6))
    def test_cut(self, place: int):
        """A stream that is cut off anywhere raises."""
        data = gzip.compress(DATA[:1000])
        file = io.BytesIO(data[: place % len(data)])

        with pytest.raises(EOFError):
            list(read_deflated(file, GZIP_WINDOW))

    def test_checksum(self):
        """A stream whose checksum is wrong raises."""
        data = bytearray(gzip.compress(DATA[:1000]))
        data[-8] ^= 1

        with pytest.raises(zlib.error, match="incorrect data check"):
            list(read_deflated(io.BytesIO(data), GZIP_WINDOW))

    def test_memory(self):
        """However much a small stream becomes, it comes in small pieces."""
        data = gzip.compress(bytes(64 << 20))

        with bounded(4 << 20):
            assert sum(map(len, read_deflated(io.BytesIO(data), GZIP_WINDOW))) == 64 << 20


class TestPieces:
    @given(st.lists(st.binary(max_size=9)), st.integers(1, 20))
    def test_take(self, given_pieces: list[bytes], size: int):
        """All bytes are taken, each time at least one and at most as many as were asked for."""
        pieces = Pieces(iter(given_pieces))
        taken = []
        while piece := bytes(pieces.take(size)):
            taken.append(piece)

        assert b"".join(taken) == b"".join(given_pieces)
        assert all(len(piece) <= size for piece in taken)


class TestInflated:
    @given(st.lists(st.tuples(st.integers(0, len(DATA) + 9), st.integers(0, len(DATA))), max_size=5))
    def test_seek(self, steps: list[tuple[int, int]]):
        """It is read from any position as other files are."""
        stream = io.BufferedReader(inflated(io.BytesIO(gzip.compress(DATA, 0))))
        for start, count in steps:
            assert stream.seek(start) == min(start, len(DATA))
            assert stream.read(count) == DATA[start : start + count]

    def test_seek_from_here(self):
        """A position may be given relative to the current one, but not to the end."""
        member = inflated(io.BytesIO(gzip.compress(b"0123456789")))
        member.seek(4)

        assert member.seek(3, io.SEEK_CUR) == member.tell() == 7
        assert member.read() == b"789"
        with pytest.raises(io.UnsupportedOperation):
            member.seek(-1, io.SEEK_END)

    def test_first(self):
        """A second gzip in the file is not read, nor are other bytes."""
        first = gzip.compress(b"first")

        assert inflated(io.BytesIO(first + gzip.compress(b"second"))).read() == b"first"
        assert inflated(io.BytesIO(first + b"rest")).read() == b"first"

    def test_spent(self):
        """Each byte that is inflated is told, also when it is inflated again."""
        spent: list[int] = []
        stream = Inflated(io.BytesIO(gzip.compress(bytes(1000))), GZIP_WINDOW, spent.append)
        stream.read()
        stream.seek(10)

        assert sum(spent) == 2000

    def test_points(self, monkeypatch: pytest.MonkeyPatch):
        """A stream that was read once is read from points within it, not from its beginning."""
        monkeypatch.setattr(inflation, "CLOSEST", 1 << 20)
        monkeypatch.setattr(inflation, "MOST_POINTS", 4)
        spent: list[int] = []
        data = b"".join(number.to_bytes(4, "big") for number in range(5 << 18))
        stream = Inflated(io.BytesIO(gzip.compress(data, 1)), GZIP_WINDOW, spent.append)
        assert stream.seek(len(data)) == len(data)
        spent.clear()
        for place in (4 << 20, 100, 5_000_000, 3_333_333):
            stream.seek(place)
            assert stream.read(1000) == data[place : place + 1000]

        assert len(stream.points) <= 4
        assert sum(spent) < 4 * (3 << 20)


def inflated(file: io.BytesIO) -> Inflated:
    return Inflated(file, GZIP_WINDOW, int)
