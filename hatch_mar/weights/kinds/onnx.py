"""ONNX models: a protobuf message without a signature, known by its fields.

Field numbers are those of `ModelProto` in onnx/onnx.proto.
"""

from __future__ import annotations

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.kinds.onnx_tensors import find_external_files
from hatch_mar.weights.kinds.protobuf import read_varint
from hatch_mar.weights.view import View
from hatch_mar.weights.weights import Weights

IR_VERSION, GRAPH = 1, 7
IR_VERSIONS = range(1, 32)
FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
NUMBERS = frozenset({1, 5})
"""The fields that are varints; all others have a length."""
MOST_FIELDS = 1000
"""Enough to reach the graph: thousands of functions and metadata entries may follow."""


def inspect_onnx(view: View, head: bytes, name: str) -> Weights | None:
    """A file with the fields of a model and no others, or None.

    All known writers put the version first. Protobuf does not require that, so a file named
    `.onnx` may begin with any field.
    """
    begins = len(head) > 1 and head[0] == IR_VERSION << 3 and head[1] in IR_VERSIONS
    if not begins and not name.lower().endswith(".onnx"):
        return None
    position, seen = 0, set()
    for _ in range(MOST_FIELDS):
        if position == view.size:
            break
        tag, position = read_varint(view, position)
        field, wire = tag >> 3, tag & 7
        if field not in FIELDS or wire != (0 if field in NUMBERS else 2):
            return None
        value, position = read_varint(view, position)
        seen.add(field)
        if wire == 2:
            position += value
        if position > view.size:
            # two plausible fields are not a coincidence; a single one that does not fit may be
            truncated = Weights(Kind.TRUNCATED, "an ONNX model that ends early")
            return truncated if len(seen) > 1 else None
    return Weights(Kind.ONNX, external=find_external_files(view)) if GRAPH in seen else None
