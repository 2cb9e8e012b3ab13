"""The files that an ONNX model has its tensors' data in."""

from __future__ import annotations

import io
import random

import pytest

from hatch_mar.budget import Budget, Exhausted
from hatch_mar.weights.external_file import ExternalFile
from hatch_mar.weights.kinds.onnx_tensors import LARGEST_SEARCHED, find_external_files
from hatch_mar.weights.view import View
from tests.weights.onnx_files import (
    attribute,
    external,
    function,
    inner,
    message,
    model,
    node,
    sparse,
    tensor,
    with_graph,
)


def files(data: bytes, budget: Budget | None = None) -> tuple[ExternalFile, ...]:
    return find_external_files(View(io.BytesIO(data), budget))


class TestFind:
    def test_initializers(self):
        """Each file once, and the end of the last tensor in it."""
        data = model(
            tensor(external("w.data", 0, 8)),
            tensor(external("b.data", 0, 4)),
            tensor(external("w.data", 8, 8)),
        )

        assert files(data) == (ExternalFile("w.data", 16), ExternalFile("b.data", 4))

    def test_whole_file(self):
        """Without a length the file must only be there."""
        assert files(model(tensor(external("w.data")))) == (ExternalFile("w.data", 0),)

    @pytest.mark.parametrize(
        "data",
        [
            with_graph(node(attribute(5, external("w")))),
            with_graph(node(attribute(10, external("w")))),
            with_graph(node(inner(node(attribute(5, external("w")))))),
            with_graph(sparse(external("w"))),
            with_graph(node(attribute(22, message(1, external("w"))))),
            message(7, b"") + function(node(attribute(5, external("w")))),
        ],
    )
    def test_anywhere(self, data: bytes):
        """Constants of nodes, of graphs in nodes and of functions have data as the others do."""
        assert files(data) == (ExternalFile("w", 0),)

    def test_inside(self):
        """A tensor that has its data itself names no file, whatever stands in it."""
        entries = external("w.data").replace(b"\x70\x01", b"")

        assert files(model(tensor(entries), tensor(message(9, b"location")))) == ()

    def test_in_memory(self):
        """What ONNX Runtime has in its own memory is not a file."""
        assert files(model(tensor(external("*/_ORT_MEM_ADDR_/*")))) == ()

    @pytest.mark.parametrize("size", [10, LARGEST_SEARCHED + 10])
    def test_large(self, size: int):
        """Numbers are skipped, however many there are."""
        data = model(tensor(message(9, bytes(size))), tensor(external("w.data", 0, 8)))

        assert files(data) == (ExternalFile("w.data", 8),)


class TestHostile:
    def test_mutations(self):
        """Any bytes are read to an end."""
        data = bytearray(model(*(tensor(external(f"w{number}", 0, 8)) for number in range(9))))
        chance = random.Random(0)
        for _ in range(300):
            data[chance.randrange(len(data))] = chance.randrange(256)
            files(bytes(data))

    def test_many_files(self):
        """The names that are kept are paid for."""
        data = model(*(tensor(external(f"w{number}")) for number in range(1000)))

        with pytest.raises(Exhausted, match="more files of tensors than a command reads"):
            files(data, Budget(memory=100_000))

    def test_many_fields(self):
        """So are fields, however small they are."""
        data = message(7, message(5, b"\x6a\x00" * 50_000))

        with pytest.raises(Exhausted, match="more protobuf fields than a command reads"):
            files(data, Budget(time=50_000))

    @pytest.mark.parametrize("number", [b"1" * 5000, b"x", b"-8", b""])
    def test_number(self, number: bytes):
        """An offset that is not a number is none."""
        entry = message(13, message(1, b"offset") + message(2, number))

        assert files(model(tensor(entry + external("w")))) == (ExternalFile("w", 0),)
