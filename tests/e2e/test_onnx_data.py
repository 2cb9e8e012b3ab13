"""What the checks say of an ONNX model's data, and what ONNX Runtime does without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.checks.references import check
from tests.checks import subject
from tests.e2e.conftest import require_module
from tests.weights.onnx_files import adder

MODEL = adder("model.onnx.data", 16)


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({"model.onnx.data": bytes(16)}, None, None),
        ({}, "MAR421", "External data path does not exist"),
        ({"data/model.onnx.data": bytes(16)}, "MAR421", "External data path does not exist"),
        ({"model.onnx.data": bytes(15)}, "MAR422", "are out of bounds or can not be read in full"),
    ],
    ids=["whole", "missing", "elsewhere", "short"],
)
def test_data(files: dict[str, bytes], code: str | None, message: str | None, tmp_path: Path):
    """A model loads if its data are beside it and whole, and the checks know that."""
    require_module("onnxruntime")
    from onnxruntime import InferenceSession

    files = {"model.onnx": MODEL, **files}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    codes = [finding.code for finding in check(subject(files))]
    outcome = ""
    try:
        InferenceSession(tmp_path / "model.onnx")
    except Exception as error:
        outcome = str(error)

    assert codes == ([code] if code else [])
    assert (message or "") in outcome
    assert bool(message) == bool(outcome)
