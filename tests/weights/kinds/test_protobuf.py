"""The fields of a protobuf message, in whatever bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.weights.kinds.protobuf import Field, Span, read_fields, read_varint
from hatch_mar.weights.view import View


def fields(data: bytes) -> list[Field]:
    return list(read_fields(View(io.BytesIO(data)), Span(0, len(data))))


class TestFields:
    def test_kinds(self):
        """A number, bytes, and numbers of eight and of four bytes."""
        data = b"\x08\x96\x01" + b"\x12\x02ab" + b"\x19" + bytes(8) + b"\x25" + bytes(4)

        assert fields(data) == [
            Field(1, 0, 150, Span(1, 3)),
            Field(2, 2, 0, Span(5, 7)),
            Field(3, 1, 0, Span(8, 16)),
            Field(4, 5, 0, Span(17, 21)),
        ]

    @pytest.mark.parametrize("data", [b"\x0b", b"\x12\x03ab", b"\x12", b"\x08\xff", b"\x19abc"])
    def test_end(self, data: bytes):
        """What is not a field, or reaches beyond the message, ends it."""
        assert fields(b"\x08\x01" + data) == [Field(1, 0, 1, Span(1, 2))]

    @given(st.binary(max_size=100))
    def test_any(self, data: bytes):
        """Any bytes are some fields, one after another."""
        found = fields(data)

        assert all(field.span.end <= len(data) for field in found)
        assert [field.span for field in found] == sorted(field.span for field in found)


class TestVarint:
    @given(st.integers(0, (1 << 64) - 1))
    def test_any(self, number: int):
        """Seven bits in a byte, the lowest first."""
        data, left = b"", number
        while left > 127:
            data, left = data + bytes([left & 127 | 128]), left >> 7
        data += bytes([left])

        assert read_varint(View(io.BytesIO(data)), 0) == (number, len(data))
