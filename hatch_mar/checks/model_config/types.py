"""The types of a model configuration's values, as Java sees them, and their ranges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hatch_mar.torchserve.model_config import in_yaml, kind_of

LARGEST_INT = (1 << 31) - 1


@dataclass(frozen=True)
class ValueType:
    name: str
    has: Callable[[Any], bool]
    """Whether Java accepts a value as one of this type."""
    describe_fault: Callable[[Any], str | None] = lambda _: None
    """What TorchServe does with a value of this type that is out of range; None if it is not."""

    def describe_misfit(self, value: object) -> str:
        """What the value must be, and what it is instead, for a message."""
        if is_whole(value) and self.name == "an integer":
            return f"{self.name} of 32 bits, not {in_yaml(value)}"
        if isinstance(value, list) and "list" in self.name:
            return f"{self.name} only"
        if value is None or isinstance(value, (list, dict)):
            return f"{self.name}, not {kind_of(value)}"
        return f"{self.name}, not the {kind_of(value).partition(' ')[2]} {in_yaml(value)}"


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_int(value: Any) -> bool:
    return is_whole(value) and -LARGEST_INT - 1 <= value <= LARGEST_INT


def integer(least: int, below: str, most: int = LARGEST_INT) -> ValueType:
    """An integer; `below` says what TorchServe does with one below `least`."""

    def describe_fault(value: int) -> str | None:
        if value > most:
            return f"TorchServe allows no more than {most}"
        return below if value < least else None

    return ValueType("an integer", is_int, describe_fault)


def plain(name: str, kind: type) -> ValueType:
    return ValueType(name, lambda value: isinstance(value, kind))


def choice(*choices: str) -> ValueType:
    def describe_fault(value: str) -> str | None:
        known = ", ".join(f"`{choice}`" for choice in choices)
        return None if value.lower() in ("", *choices) else f"TorchServe ignores it; it knows {known}"

    return ValueType("a string", lambda value: isinstance(value, str), describe_fault)


BOOLEAN = plain("a boolean", bool)
STRING = plain("a string", str)
TABLE = plain("a table", dict)
DEVICE_IDS = ValueType(
    "a list of integers",
    lambda value: isinstance(value, list) and all(map(is_int, value)),
    lambda value: "TorchServe drops the list" if min(value, default=0) < 0 else None,
)
