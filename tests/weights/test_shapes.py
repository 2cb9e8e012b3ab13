"""The tensors that a file of weights has."""

from __future__ import annotations

import io

import pytest

from hatch_mar.weights.shapes import read_shapes
from tests.weights.files import (
    ONNX,
    dictionary,
    protocol2,
    safetensors,
    saved,
    state_dict,
    tensor,
    zipped,
)

HEADER = {"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}


class TestRead:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (safetensors(HEADER, bytes(4)), {"w"}),
            (zipped(saved(state_dict("weight", "bias"), {"0": 8, "1": 8})), {"weight", "bias"}),
            (zipped(saved(protocol2(b"}"))), None),
            (zipped(saved(protocol2(dictionary({"model": dictionary({"w": tensor()})})), {"0": 8})), None),
            (zipped(saved(protocol2(b"N"), {})), None),
            (zipped({"m/constants.pkl": b"", **saved(state_dict("w"), {"0": 8}, "m")}), None),
            (zipped({"a": b""}), None),
            (zipped(saved(state_dict("w"), {"0": 8}))[:-9], None),
            (safetensors([1]), None),
            (safetensors(HEADER)[:20], None),
            (ONNX, None),
            (b"", None),
        ],
    )
    def test_kinds(self, data: bytes, expected: set[str] | None):
        """Those of a state_dict and of safetensors are known; a damaged file says nothing."""
        found = read_shapes(io.BytesIO(data))

        assert (None if found is None else {*found}) == expected
