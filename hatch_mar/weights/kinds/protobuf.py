"""The fields of a protobuf message (https://protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hatch_mar.weights.view import View

NUMBER, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""The kinds of fields, without those that were given up long ago."""
LONGEST_VARINT = 10


class Span(NamedTuple):
    """Where a message is in a file."""

    start: int
    end: int


class Field(NamedTuple):
    """A field of a message."""

    number: int
    wire: int
    value: int
    """Of a `NUMBER`."""
    span: Span
    """Where its content is."""


def read_fields(view: View, message: Span) -> Iterator[Field]:
    """The fields of a message, up to the first that is not one or reaches beyond its end."""
    position = message.start
    while position < message.end:
        tag, start = read_varint(view, position)
        wire, value = tag & 7, 0
        if wire == NUMBER:
            value, end = read_varint(view, start)
        elif wire == BYTES:
            length, start = read_varint(view, start)
            end = start + length
        elif wire in (EIGHT_BYTES, FOUR_BYTES):
            end = start + (8 if wire == EIGHT_BYTES else 4)
        else:
            return
        if end > message.end:
            return
        yield Field(tag >> 3, wire, value, Span(start, end))
        position = end


def read_varint(view: View, position: int) -> tuple[int, int]:
    """A varint and the offset where it ends, which is beyond the file if it is cut off."""
    value = 0
    for number, byte in enumerate(view.read(position, LONGEST_VARINT)):
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value, position + number + 1
    return 0, view.size + 1
