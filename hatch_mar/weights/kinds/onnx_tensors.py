"""The files beside an ONNX model that have its tensors' data (onnx/docs/ExternalData.md).

Field numbers are those of onnx/onnx.proto. Only the heads of fields are read, and what a tensor says of
where its data are; numbers are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.budget import EXTERNAL_FILES, PROTOBUF_FIELDS
from hatch_mar.weights.external_file import ExternalFile
from hatch_mar.weights.kinds.protobuf import BYTES, NUMBER, Span, read_fields
from hatch_mar.weights.view import Buffered, View

WITHIN = {
    "model": {7: "graph", 25: "function"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        **dict.fromkeys((5, 10), "tensor"),
        **dict.fromkeys((6, 11), "graph"),
        **dict.fromkeys((22, 23), "sparse tensor"),
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
}
"""The messages in which there may be tensors, by their fields."""
EXTERNAL_DATA, DATA_LOCATION = 13, 14
EXTERNAL = 1
KEY, VALUE = 1, 2
LOCATION = b"location"
"""The key that every tensor has whose data are elsewhere, so that most of a graph need not be parsed."""
LARGEST_SEARCHED = 1 << 16
LONGEST_ENTRY = 1 << 12
"""Bytes of a key or a value, of which the longest is a path."""
LONGEST_NUMBER = 19
IN_MEMORY = "_ORT_MEM_ADDR_"
"""In the place of a path, where ONNX Runtime itself has the data (onnxruntime, tensorprotoutils.h)."""


def find_external_files(view: View) -> tuple[ExternalFile, ...]:
    """The files that a model needs beside it, in the order in which it names them.

    Raises:
        Exhausted: the budget does not suffice.
    """
    needed: dict[str, int] = {}
    for path, end in find_external_data(Buffered(view)):
        if path not in needed:
            view.budget.spend(EXTERNAL_FILES)
        needed[path] = max(end, needed.get(path, 0))
    return tuple(ExternalFile(*each) for each in needed.items())


def find_external_data(view: View) -> Iterator[tuple[str, int]]:
    """The file of each tensor that is outside, and where its data end there."""
    messages = [("model", Span(0, view.size))]
    while messages:
        message, span = messages.pop()
        inner = WITHIN[message]
        for field in read_fields(view, span):
            view.budget.spend(PROTOBUF_FIELDS)
            within = inner.get(field.number) if field.wire == BYTES else None
            if within is None or not may_locate(view, field.span):
                continue
            if within != "tensor":
                messages.append((within, field.span))
            elif (found := read_external(view, field.span)) and IN_MEMORY not in found[0]:
                yield found


def may_locate(view: View, span: Span) -> bool:
    """Whether a message may have a tensor whose data are elsewhere."""
    size = span.end - span.start
    return size > LARGEST_SEARCHED or LOCATION in view.read(span.start, size)


def read_external(view: View, span: Span) -> tuple[str, int] | None:
    """The file of a tensor, and where its data end there; None if it has them itself."""
    entries: dict[bytes, bytes] = {}
    is_external = False
    for field in read_fields(view, span):
        view.budget.spend(PROTOBUF_FIELDS)
        if field.number == DATA_LOCATION and field.wire == NUMBER:
            is_external = field.value == EXTERNAL
        elif field.number == EXTERNAL_DATA and field.wire == BYTES:
            pair = {
                part.number: view.read(part.span.start, min(part.span.end - part.span.start, LONGEST_ENTRY))
                for part in read_fields(view, field.span)
                if part.wire == BYTES
            }
            entries[pair.get(KEY, b"")] = pair.get(VALUE, b"")
    path = entries.get(LOCATION, b"").decode("utf-8", "surrogateescape")
    if not is_external or not path:
        return None
    return path, read_number(entries.get(b"offset")) + read_number(entries.get(b"length"))


def read_number(digits: bytes | None) -> int:
    """A number in decimal digits; 0 if it is left out, or is not one."""
    return int(digits) if digits and digits.isdigit() and len(digits) <= LONGEST_NUMBER else 0
