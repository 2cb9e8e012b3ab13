"""ONNX models written by hand, field by field (onnx/onnx.proto)."""

from __future__ import annotations


def varint(number: int) -> bytes:
    data = b""
    while number > 127:
        data, number = data + bytes([number & 127 | 128]), number >> 7
    return data + bytes([number])


def message(field: int, content: bytes) -> bytes:
    """A field with a length."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def external(path: str, offset: int | None = None, length: int | None = None) -> bytes:
    """What a tensor says of data that are in another file."""
    pairs = {"location": path, "offset": offset, "length": length}
    entries = b"".join(
        message(13, message(1, key.encode()) + message(2, str(value).encode()))
        for key, value in pairs.items()
        if value is not None
    )
    return entries + b"\x70\x01"  # data_location: EXTERNAL


def tensor(content: bytes) -> bytes:
    """An initializer of a graph."""
    return message(5, content)


def sparse(content: bytes) -> bytes:
    """A sparse initializer, whose values are this tensor."""
    return message(15, message(1, content))


def attribute(field: int, content: bytes) -> bytes:
    """An attribute of a node that has a tensor, or several."""
    return message(5, message(1, b"value") + message(field, content))


def inner(graph: bytes) -> bytes:
    """An attribute of a node that has a graph."""
    return message(5, message(6, graph))


def node(*attributes: bytes) -> bytes:
    return message(1, message(4, b"Constant") + b"".join(attributes))


def function(*nodes: bytes) -> bytes:
    """A function of a model, whose nodes are those of graphs under another number."""
    return message(25, b"".join(b"\x3a" + each[1:] for each in nodes))


def with_graph(*parts: bytes) -> bytes:
    return b"\x08\x0a" + message(2, b"pytorch") + message(7, b"".join(parts))


def model(*initializers: bytes) -> bytes:
    """A model whose graph has these initializers."""
    return with_graph(*initializers)


def adder(path: str, size: int) -> bytes:
    """A whole model that adds two numbers to its input, which are in the last of so many bytes of a file."""
    numbers = b"\x08\x02\x10\x01" + message(8, b"w") + external(path, size - 8, 8)
    shape = message(1, b"\x08\x01" + message(2, message(1, b"\x08\x02")))
    parts = (
        message(1, message(1, b"x") + message(1, b"w") + message(2, b"y") + message(4, b"Add")),
        message(2, b"adder"),
        tensor(numbers),
        message(11, message(1, b"x") + message(2, shape)),
        message(12, message(1, b"y") + message(2, shape)),
    )
    return b"\x08\x08" + message(7, b"".join(parts)) + message(8, b"\x10\x0d")
