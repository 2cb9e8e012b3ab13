"""What a reader takes, as people are told it and as JSON Schema (draft-07)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

Value_co = TypeVar("Value_co", covariant=True)
Schema = Mapping[str, Any]


class Shaped(Generic[Value_co]):
    """A reader (`reading.Reader`) that says what it takes.

    Args:
        read: the reader.
        kind: the type of what it takes, as Markdown for people: "array of paths".
        schema: the same in JSON Schema. It refuses nothing that the reader takes, and may let pass what a
            schema cannot tell.
    """

    def __init__(self, read: Callable[[object], Value_co], kind: str, schema: Schema) -> None:
        self.read = read
        self.kind = kind
        self.schema = schema

    def __call__(self, value: object) -> Value_co:
        return self.read(value)


def shaped(kind: str, schema: Schema) -> Callable[[Callable[[object], Value_co]], Shaped[Value_co]]:
    """A decorator that makes a function a reader of such values."""
    return lambda read: Shaped(read, kind, schema)


class Demand(NamedTuple):
    """What is asked of a string, in Python and in JSON Schema."""

    is_met: Callable[[str], bool]
    schema: Schema
    message: str
    """What is said of a string that does not meet it, in which `{}` stands for the string."""


def fits(pattern: str, message: str) -> Demand:
    """All of the string matches the pattern, which Python, Rust and JavaScript must read alike."""
    schema = {"pattern": f"^(?:{pattern})$"}
    return Demand(lambda text: re.fullmatch(pattern, text) is not None, schema, message)


def has_none_of(characters: str, message: str) -> Demand:
    """None of the characters, which are written as in a character class, is in the string."""
    return fits(rf"[^{characters}]*", message)


def lacks(pattern: str, message: str) -> Demand:
    """Nothing in the string matches the pattern."""
    return Demand(lambda text: re.search(pattern, text) is None, {"not": {"pattern": pattern}}, message)


def restrict(base: Shaped[str], kind: str, *demands: Demand) -> Shaped[str]:
    """A reader of the strings that another one takes and that are as demanded."""

    def read(value: object) -> str:
        text = base(value)
        for demand in demands:
            if not demand.is_met(text):
                raise ValueError(demand.message.replace("{}", text))
        return text

    schemas = [*base.schema.get("allOf", ()), *(demand.schema for demand in demands)]
    return Shaped(read, kind, {**base.schema, "allOf": schemas})
