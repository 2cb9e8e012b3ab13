"""Weights from a GPU, and where the handler loads them to."""

from __future__ import annotations

import pytest

from hatch_mar.checks.map_location import check
from tests.checks import BASE, HANDLER, NET, Files, subject
from tests.weights.files import TENSORS, zipped

CPU = zipped(TENSORS)
GPU = zipped({name: data.replace(b"\x03\0\0\0cpu", b"\x06\0\0\0cuda:0") for name, data in TENSORS.items()})


def found(code: str, weights: bytes = GPU, **files: str | bytes) -> list[str]:
    members: Files = {"h.py": f"import pickle, torch\n{code}\n{HANDLER}", "w.pth": weights, **files}
    keys = {"config_file": "c.yaml"} if "c.yaml" in files else {}
    return [str(each) for each in check(subject(members, serialized_file="w.pth", **keys))]


def test_message():
    [message] = found("path = 'w.pth'\ntorch.load(path)")

    assert message == (
        "digits.mar/h.py:3: MAR433 `w.pth` was saved on `cuda:0`, and is loaded without `map_location`;"
        " pass `map_location`, such as the worker's device, or save the weights after `.cpu()`"
    )


@pytest.mark.parametrize(
    "call",
    [
        "torch.load('w.pth', weights_only=True)",
        "torch.load('w.pth', map_location=None)",
        "torch.jit.load('w.pth')",
    ],
)
def test_without(call: str):
    assert len(found(call)) == 1


@pytest.mark.parametrize(
    "call",
    [
        "torch.load('w.pth', map_location='cpu')",
        "torch.load('w.pth', device)",
        "torch.load('w.pth', **options)",
        "torch.load(*arguments)",
        "torch.load('other.pth')",
        "torch.load(path)",
        "if torch.cuda.is_available():\n    torch.load('w.pth')",
        "pickle.load(open('w.pth', 'rb'))",
        "torch.load = lambda path: load(path, 'cpu')\ntorch.load('w.pth')",
    ],
)
def test_with(call: str):
    """Where the weights go is said, or which they are is not certain."""
    assert found(call) == []


def test_cpu():
    assert found("torch.load('w.pth')", CPU) == []


def test_on_gpu():
    """A model that is served on GPUs only."""
    assert found("torch.load('w.pth')", **{"c.yaml": "deviceType: gpu\n"}) == []


def test_base_handler():
    """It passes `map_location`, whatever else the handler loads."""
    code = f"{BASE}\nvocabulary = torch.load('v.pt')"
    files: Files = {"h.py": code, "net.py": NET, "w.pth": GPU, "v.pt": CPU}

    assert list(check(subject(files, serialized_file="w.pth", model_file="net.py"))) == []
