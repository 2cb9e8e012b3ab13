from __future__ import annotations

from struct import pack

import pytest

from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from tests.weights.files import inspect_bytes, problems, safetensors

WEIGHT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BIAS = {"dtype": "BF16", "shape": [1, 2], "data_offsets": [8, 12]}
HEADER = {"__metadata__": {"format": "pt"}, "weight": WEIGHT, "bias": BIAS}


class TestSafetensors:
    def test_whole(self):
        found = inspect_bytes(safetensors(HEADER, bytes(12)))

        assert found.describe() == "safetensors, 2 tensors, float32, bfloat16"
        assert problems(found) == ()

    def test_empty(self):
        assert inspect_bytes(safetensors({})) == Weights(Kind.SAFETENSORS)

    def test_header_of_640(self):
        """The first bytes of a length may be those of a pickle of protocol 2."""
        data = safetensors({**HEADER, "__metadata__": {"note": ""}}, bytes(12))
        padding = 640 - int.from_bytes(data[:8], "little")
        data = safetensors({**HEADER, "__metadata__": {"note": "x" * padding}}, bytes(12))

        assert data.startswith(b"\x80\x02")
        assert inspect_bytes(data).kind is Kind.SAFETENSORS

    @pytest.mark.parametrize("cut", [1, 11, 12])
    def test_truncated(self, cut: int):
        found = inspect_bytes(safetensors(HEADER, bytes(12))[:-cut])
        has = "1 byte" if cut == 11 else f"{12 - cut} bytes"

        assert found.kind is Kind.TRUNCATED
        assert found.reason == f"safetensors that have {has} of 12 after their header"

    def test_truncated_header(self):
        found = inspect_bytes(safetensors(HEADER)[:-20])

        assert (found.kind, found.reason) == (Kind.TRUNCATED, "safetensors that end inside their header")

    @pytest.mark.parametrize(
        ("header", "damage"),
        [
            (
                {"weight": {**WEIGHT, "shape": [3]}},
                "tensor `weight` has 8 bytes, which does not fit its shape",
            ),
            ({"weight": {**WEIGHT, "dtype": "F31"}}, "tensor `weight` has the unknown dtype `F31`"),
            ({"weight": WEIGHT, "x": {**WEIGHT}}, "tensor `x` does not follow the one before it"),
            ({}, "8 bytes after the last tensor"),
        ],
    )
    def test_damage(self, header: object, damage: str):
        assert inspect_bytes(safetensors(header, bytes(8))).damage == (damage,)

    @pytest.mark.parametrize(
        "header",
        [
            b"{]",
            b'{"a": 1}',
            b'{"a": {}}',
            b'{"a": {"data_offsets": 3}}',
            b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, "8"]}}',
            b'{"a": {"dtype": [], "shape": [1], "data_offsets": [0, 8]}}',
            b'{"a": {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 8]}}',
            b'{"a": {"dtype": "F32", "shape": [' + b"1," * 100 + b'1], "data_offsets": [0, 8]}}',
            b'{"a": 1, "a": 2}',
            b'{"a": ' + b"9" * 5000 + b"}",
            b"{" + b'"a": {' * 100_000,
            b'{"\xff": 1}',
            b'{"a": [NaN]}',
        ],
    )
    def test_corrupt(self, header: bytes):
        """Whatever the header holds, nothing is raised."""
        assert inspect_bytes(pack("<Q", len(header)) + header + bytes(8)).kind is Kind.CORRUPT

    def test_long_header(self):
        """A header that is too long is not read."""
        length = 9 << 20
        found = inspect_bytes(pack("<Q", length) + b"{" + b" " * length)

        assert found == Weights(Kind.SAFETENSORS)
