"""Readers for numbers."""

from __future__ import annotations

from math import inf
from typing import TypeGuard

from hatch_mar.project.config.shape import ShapedReader, shaped

LONGEST_WAIT = 86_400
"""Seconds. Every system can wait so long for a socket."""


def count_from(least: int) -> ShapedReader[int]:
    """A reader of whole numbers of at least this."""

    @shaped("integer", {"type": "integer", "minimum": least})
    def read_count(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"must be a whole number of at least {least}")
        return value

    return read_count


@shaped("number", {"type": "number", "minimum": 0})
def tolerance(value: object) -> float:
    if not is_number(value) or not 0 <= value < inf:
        raise ValueError("must be a finite number of at least 0")
    return value


@shaped("seconds", {"type": "number", "minimum": 0})
def seconds(value: object) -> float:
    if not is_number(value) or not 0 <= value < inf:
        raise ValueError("must be a number of seconds of at least 0")
    return value


@shaped("seconds", {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_WAIT})
def limit(value: object) -> float:
    """How long something may take."""
    if not is_number(value) or not 0 < value <= LONGEST_WAIT:
        raise ValueError(f"must be a number of seconds, more than 0 and at most {LONGEST_WAIT}")
    return value


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
