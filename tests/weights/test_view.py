from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.budget import BYTES, Budget
from hatch_mar.weights.view import BUFFER, Buffered, View


class Slow(io.BytesIO):
    """A stream that gives at most seven bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 7))


class TestRead:
    @given(st.binary(max_size=100), st.integers(-5, 120), st.integers(0, 120))
    def test_any(self, data: bytes, offset: int, count: int) -> None:
        """All bytes that there are, however few the stream gives at a time."""
        expected = data[offset : offset + count] if offset >= 0 else b""

        assert View(io.BytesIO(data)).read(offset, count) == expected
        assert View(Slow(data)).read(offset, count) == expected

    def test_size(self) -> None:
        assert View(io.BytesIO(b"12345")).size == 5

    def test_huge(self) -> None:
        """Offsets that no file has are not sought."""
        assert View(io.BytesIO(b"12345")).read(1 << 64, 1 << 64) == b""


class TestBuffered:
    @given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 5000)), max_size=20))
    def test_any(self, places: list[tuple[int, int]]) -> None:
        """The same bytes as without the buffer, in any order."""
        data = bytes(number * number % 251 for number in range(8000))
        buffered = Buffered(View(io.BytesIO(data)))

        for offset, count in places:
            assert buffered.read(offset, count) == data[offset : offset + count]

    def test_once(self) -> None:
        """Small reads one after another read the file once."""
        budget = Budget()
        buffered = Buffered(View(io.BytesIO(bytes(2 * BUFFER)), budget))
        before = budget.time
        for offset in range(BUFFER):
            buffered.read(offset, 1)

        assert before - budget.time == pytest.approx(BUFFER * BYTES.time)
