"""The tensors of layers are those that torch gives them."""

from __future__ import annotations

from types import ModuleType

import pytest

from hatch_mar.pysource.rehearsal.layers import WITH_TENSORS, WITHOUT_TENSORS, shapes_of

CALLS = [
    "Linear(2, 3)",
    "Linear(2, 3, False)",
    "Linear(in_features=2, out_features=3, bias=False)",
    "Conv1d(4, 6, 3)",
    "Conv2d(4, 6, (3, 5), 1, 1, 1, 2, False)",
    "Conv3d(4, 6, kernel_size=3, groups=2)",
    "ConvTranspose1d(4, 6, 3)",
    "ConvTranspose2d(4, 6, 3, 2, 1, 1, 2, False, 1)",
    "ConvTranspose3d(4, 6, 3, bias=False)",
    "BatchNorm1d(4)",
    "BatchNorm2d(4, affine=False)",
    "BatchNorm3d(4, 1e-5, 0.1, True, False)",
    "InstanceNorm1d(4)",
    "InstanceNorm2d(4, affine=True)",
    "InstanceNorm3d(4, track_running_stats=True)",
    "LayerNorm(4)",
    "LayerNorm((4, 5), bias=False)",
    "LayerNorm(4, elementwise_affine=False)",
    "GroupNorm(2, 4)",
    "GroupNorm(2, 4, affine=False)",
    "Embedding(5, 6, padding_idx=0)",
    "EmbeddingBag(5, 6, mode='sum')",
    "PReLU()",
    "PReLU(3)",
    "RNN(2, 3, nonlinearity='relu')",
    "LSTM(2, 3, 2, bidirectional=True)",
    "LSTM(2, 3, bias=False, batch_first=True)",
    "GRU(2, 3, num_layers=2)",
    "MultiheadAttention(4, 2)",
    "MultiheadAttention(4, 2, bias=False, batch_first=True)",
]


def told(name: str, *args: object, **keywords: object) -> object:
    return shapes_of(name, args, keywords)


@pytest.mark.parametrize("call", CALLS)
def test_torch(call: str, torch: ModuleType):
    """A layer has the names and the shapes of torch's own."""
    name = call.partition("(")[0]
    made = eval(f"torch.nn.{call}", {"torch": torch})

    found = eval(f"told({name!r}, {call.partition('(')[2]}", {"told": told})

    assert found == {key: tuple(value.shape) for key, value in made.state_dict().items()}


def test_all():
    """Every layer that has tensors is compared with torch's."""
    assert {call.partition("(")[0] for call in CALLS} == set(WITH_TENSORS)


@pytest.mark.parametrize("name", sorted(WITHOUT_TENSORS))
def test_without(name: str, torch: ModuleType):
    arguments = {
        **dict.fromkeys(("Threshold", "Unflatten", "Fold"), (1, (1, 2))),
        **dict.fromkeys(("ConstantPad1d", "ConstantPad2d", "ConstantPad3d"), (1, 0)),
        **dict.fromkeys(("LocalResponseNorm", "Unfold"), (1,)),
    }
    needed = ("Pad", "Pool", "Pixel")
    args = arguments.get(name, (1,) if any(part in name for part in needed) else ())

    assert dict(getattr(torch.nn, name)(*args).state_dict()) == {}
    assert shapes_of(name, args, {}) == {}


@pytest.mark.parametrize(
    ("name", "args", "keywords"),
    [
        ("Linear", (2,), {}),
        ("Linear", (2, 3, True, 1), {}),
        ("LSTM", (2, 3), {"proj_size": 1}),
        ("Conv2d", (2, 3, 3), {"groups": 0}),
        ("Conv2d", ("a", 3, 3), {}),
    ],
)
def test_unknown(name: str, args: tuple[object, ...], keywords: dict[str, object]):
    """What torch refuses, or what is not known here, says nothing."""
    assert shapes_of(name, args, keywords) is None


def test_bounds():
    """Nobody writes a layer of so many."""
    assert shapes_of("GRU", (1, 1, 10**9), {}) is None
