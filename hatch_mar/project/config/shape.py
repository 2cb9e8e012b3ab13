"""What a reader takes, as people are told it and as JSON Schema (draft-07)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

Value_co = TypeVar("Value_co", covariant=True)
Schema = Mapping[str, Any]


class ShapedReader(Generic[Value_co]):
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


def shaped(kind: str, schema: Schema) -> Callable[[Callable[[object], Value_co]], ShapedReader[Value_co]]:
    """A decorator that makes a function a reader of such values."""
    return lambda read: ShapedReader(read, kind, schema)


def restrict(base: ShapedReader[str], kind: str, pattern: str, message: str) -> ShapedReader[str]:
    """A reader of those strings of another one that match a pattern.

    Args:
        base: reads the string first, so that its messages come first.
        kind: the type, as for `ShapedReader`.
        pattern: of whole strings, which Python, Rust and JavaScript must read alike. The schema has only this
            one, so it must match nothing that the base refuses.
        message: what is said of other strings, where `{}` stands for the string. If that would match in
            capitals, it is asked whether they were meant.
    """

    @shaped(kind, {"type": "string", "pattern": whole(pattern)})
    def read(value: object) -> str:
        text = base(value)
        if not re.fullmatch(pattern, text):
            is_question = text.isascii() and re.fullmatch(pattern, text.upper())
            question = f"; did you mean `{text.upper()}`?" if is_question else ""
            raise ValueError(message.replace("{}", text) + question)
        return text

    return read


def whole(pattern: str) -> str:
    """A pattern for JSON Schema, which searches, where Python would ask for a full match."""
    return f"^(?:{pattern})$" if "|" in pattern else f"^{pattern}$"


def free_of(characters: str) -> str:
    """A pattern of texts without some characters, and not only of spaces. They are written as in brackets."""
    return rf" *[^ {characters}][^{characters}]*"
