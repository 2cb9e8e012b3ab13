from __future__ import annotations

import pytest

from hatch_mar.weights.kind import Kind
from tests.weights.files import ONNX, field, inspect_bytes


class TestOnnx:
    def test_model(self):
        assert inspect_bytes(ONNX).describe() == "ONNX model"

    def test_truncated(self):
        assert inspect_bytes(ONNX[:-6]).kind is Kind.TRUNCATED

    @pytest.mark.parametrize(
        "data", [b"\x08\x0a\x07\x07\x07", b"\x08\x0a" + field(9, b"x"), b"\x08\x0a" + field(2, b"x")]
    )
    def test_other(self, data: bytes):
        """Fields that a model does not have, and a message without a graph."""
        assert inspect_bytes(data).kind is Kind.UNKNOWN

    def test_order(self):
        """Fields in another order are a model's only if the file's name says so."""
        data = field(7, b"graph") + b"\x08\x0a"

        assert inspect_bytes(data, "model.bin").kind is Kind.UNKNOWN
        assert inspect_bytes(data, "model.onnx").kind is Kind.ONNX
