"""The types of a configuration's values, as Java sees them."""

from __future__ import annotations

import pytest

from hatch_mar.checks.model_config.types import BOOLEAN, DEVICE_IDS, LARGEST_INT, ValueType, choice, integer


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (integer(1, "no"), 1, True),
        (integer(1, "no"), 0, True),
        (integer(1, "no"), LARGEST_INT, True),
        (integer(1, "no"), LARGEST_INT + 1, False),
        (integer(1, "no"), True, False),
        (integer(1, "no"), 1.0, False),
        (BOOLEAN, False, True),
        (BOOLEAN, 0, False),
        (choice("cpu"), "x", True),
        (choice("cpu"), None, False),
        (DEVICE_IDS, [], True),
        (DEVICE_IDS, [0, -1], True),
        (DEVICE_IDS, [True], False),
        (DEVICE_IDS, 0, False),
    ],
)
def test_has(kind: ValueType, value: object, expected: bool):
    """A boolean is not an integer, nor is a number that Java's `int` cannot hold."""
    assert kind.has(value) is expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (integer(1, "TorchServe uses 1"), 1, None),
        (integer(1, "TorchServe uses 1"), 0, "TorchServe uses 1"),
        (integer(1, "no", 5), 6, "TorchServe allows no more than 5"),
        (choice("cpu", "gpu"), "GPU", None),
        (choice("cpu", "gpu"), "", None),
        (choice("cpu", "gpu"), "tpu", "TorchServe ignores it; it knows `cpu`, `gpu`"),
        (DEVICE_IDS, [0, 1], None),
        (DEVICE_IDS, [-1], "TorchServe drops the list"),
    ],
)
def test_fault(kind: ValueType, value: object, expected: str | None):
    """What TorchServe does with a value out of range."""
    assert kind.describe_fault(value) == expected
