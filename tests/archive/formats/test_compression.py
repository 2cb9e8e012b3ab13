from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import BytesSource, Member
from hatch_mar.archive.formats import compression
from hatch_mar.archive.formats.compression import LAST_BLOCK, deflate, should_deflate
from tests.archives import LARGE, incompressible

MEGABYTE = 1 << 20


def member(data: bytes) -> Member:
    return Member("a", BytesSource(data))


@dataclass(frozen=True)
class UnaskedSource:
    """Bytes that must not be read."""

    def size(self) -> int:
        pytest.fail("asked for the size")

    def chunks(self) -> Iterator[bytes]:
        pytest.fail("asked for the bytes")


class TestShouldDeflate:
    @pytest.mark.parametrize(("compression", "expected"), [("store", False), ("deflate", True)])
    def test_told(self, compression: str, expected: bool):
        """If the user has decided, the bytes are not read."""
        assert should_deflate(Member("a", UnaskedSource()), compression) is expected

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", False),
            (b"0" * (MEGABYTE - 1), False),
            (b"0" * MEGABYTE, True),
            (incompressible(MEGABYTE), False),
            (incompressible(MEGABYTE * 3 // 4) + bytes(MEGABYTE // 4), True),
            (incompressible(MEGABYTE * 7 // 8) + bytes(MEGABYTE // 8), False),
        ],
        ids=["empty", "small", "large", "weights", "a quarter", "an eighth"],
    )
    def test_auto(self, data: bytes, expected: bool):
        """Otherwise a large member is deflated if that saves a fifth of it."""
        assert should_deflate(member(data), "auto") is expected


def deflated(chunks: list[bytes]) -> bytes:
    return b"".join(deflate(chunks, sum(map(len, chunks))))


class TestDeflate:
    @given(st.lists(st.binary(max_size=200), max_size=5))
    def test_round_trip(self, chunks: list[bytes]):
        """With a last block, the result is a raw stream that inflates to the same bytes."""
        assert b"".join(chunks) == zlib.decompress(deflated(chunks) + LAST_BLOCK, -zlib.MAX_WBITS)

    @given(st.binary(max_size=3000), st.integers(1, 500))
    def test_chunks_do_not_matter(self, data: bytes, size: int):
        """The stream is the same however its bytes are cut into chunks."""
        chunks = [data[start : start + size] for start in range(0, len(data), size)]

        assert deflated([data]) == deflated(chunks)

    @pytest.mark.parametrize("size", [MEGABYTE - 1, MEGABYTE, MEGABYTE + 1, len(LARGE)])
    def test_blocks(self, size: int):
        """Large data is deflated in several blocks, which any reader reads as one stream."""
        data = LARGE[:size]
        reader = zlib.decompressobj(-zlib.MAX_WBITS)

        assert data == reader.decompress(deflated([data]) + LAST_BLOCK)
        assert reader.eof
        assert reader.unused_data == b""

    def test_byte_boundary(self):
        """Consecutive streams are one stream, so that a stored member may come between them."""
        streams = deflated([b"abc" * 100]) + deflated([LARGE[:5000]]) + LAST_BLOCK

        assert b"abc" * 100 + LARGE[:5000] == zlib.decompress(streams, -zlib.MAX_WBITS)

    @pytest.mark.parametrize("cores", [1, 2, 3, 8])
    def test_cores_do_not_matter(self, cores: int, monkeypatch: pytest.MonkeyPatch):
        """The stream is the same however many cores deflate it."""
        monkeypatch.setattr(compression, "cores", lambda: 1)
        expected = deflated([LARGE])
        monkeypatch.setattr(compression, "cores", lambda: cores)

        assert deflated([LARGE]) == expected

    def test_dictionary(self):
        """A block refers to the one before it, so that splitting costs almost nothing."""
        data = incompressible(1 << 14) * 64

        assert len(deflated([data * 2])) < 1.1 * len(deflated([data])) + len(data) / 50

    @pytest.mark.parametrize("cores", [1, 2])
    def test_fault(self, cores: int, monkeypatch: pytest.MonkeyPatch):
        """An error of reading the bytes is raised as it is."""
        monkeypatch.setattr(compression, "cores", lambda: cores)

        def chunks() -> Iterator[bytes]:
            yield LARGE
            raise OSError("no more")

        with pytest.raises(OSError, match=r"^no more$"):
            list(deflate(chunks(), 2 * len(LARGE)))

    @pytest.mark.parametrize("cores", [1, 2])
    def test_memory(self, cores: int, monkeypatch: pytest.MonkeyPatch):
        """Only a few blocks are read ahead of what the caller takes."""
        monkeypatch.setattr(compression, "cores", lambda: cores)
        read = []

        def chunks() -> Iterator[bytes]:
            for number in range(100):
                read.append(number)
                yield bytes(MEGABYTE)

        taken = deflate(chunks(), 100 * MEGABYTE)
        next(taken)

        assert len(read) <= 2 * cores + 2
        taken.close()
