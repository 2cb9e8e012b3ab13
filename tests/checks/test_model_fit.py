"""Findings about weights of another model; tests/e2e/test_worker_handler.py has TorchServe's word."""

from __future__ import annotations

import pytest

from hatch_mar.checks.model_file import check
from hatch_mar.checks.model_fit import describe_misfit
from tests.checks import found
from tests.weights.files import dictionary, protocol2, safetensors, saved, state_dict, tensor, zipped

NET = """\
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(2)
"""
FIX = "save the state_dict of this class, or pack the class that it was saved from"


def fit(weights: bytes, source: str = NET, name: str = "w.pth", handler: str = "base_handler") -> list[str]:
    files = {"net.py": source, name: weights, "h.py": "def handle(data, context): ..."}
    return found(check, files, handler, model_file="net.py", serialized_file=name)


def weights_of(*names: str) -> bytes:
    return zipped(saved(state_dict(*names), {str(number): 8 for number, _ in enumerate(names)}))


def test_fits() -> None:
    assert fit(weights_of("norm.weight", "norm.bias")) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("norm.weight",), "it lacks `norm.bias`"),
        (("norm.weight", "norm.bias", "fc.weight"), "it has `fc.weight`, which the class does not have"),
        (("w", "norm.bias"), "it lacks `norm.weight`, and it has `w`, which the class does not have"),
    ],
)
def test_names(names: tuple[str, ...], said: str) -> None:
    assert fit(weights_of(*names)) == [
        f"digits.mar/w.pth: MAR307 The state_dict does not fit `Net`: {said}; {FIX}"
    ]


def test_shapes() -> None:
    larger = {"norm.weight": tensor("0", 3), "norm.bias": tensor("1", 2)}
    [message] = fit(zipped(saved(protocol2(dictionary(larger)), {"0": 12, "1": 8})))

    assert "`Net`: `norm.weight` is of shape (3) instead of (2);" in message


def test_many() -> None:
    """Not more than a few are listed."""
    [message] = fit(weights_of("norm.weight", "norm.bias", *(f"a{number}" for number in range(7))))

    assert "it has `a0`, `a1`, `a2`, `a3`, `a4` and 2 more, which" in message


@pytest.mark.parametrize(
    ("weights", "source", "name", "handler"),
    [
        (weights_of("module.norm.weight"), NET, "w.pth", "base_handler"),
        (weights_of("fc.weight"), NET.replace("nn.LayerNorm(2)", "make()"), "w.pth", "base_handler"),
        (weights_of("fc.weight"), NET.replace("Net(", "Net(Other, "), "w.pth", "base_handler"),
        (safetensors({}), NET, "w.safetensors", "base_handler"),
        (weights_of("fc.weight"), NET, "w.pth", "h.py"),
    ],
)
def test_silent(weights: bytes, source: str, name: str, handler: str) -> None:
    """Nothing is said of what is said elsewhere, cannot be told, or is not loaded so."""
    assert [message for message in fit(weights, source, name, handler) if "MAR307" in message] == []


@pytest.mark.parametrize(
    ("expected", "present"),
    [
        ({"n.num_batches_tracked": ()}, {}),
        ({"scale": ()}, {"scale": (1,)}),
        ({"scale": (2,)}, {"scale": None}),
    ],
)
def test_mended(expected: dict[str, tuple[int, ...]], present: dict[str, tuple[int, ...] | None]) -> None:
    """What torch mends, or what is not known, is no fault."""
    assert describe_misfit(expected, present) == ""
