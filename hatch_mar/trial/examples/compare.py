"""How an answer differs from what was expected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from hatch_mar.text import truncate
from hatch_mar.torchserve.answer import NOT_JSON, Answer


def compare_answer(expected: Any, answer: Answer, tolerance: float) -> Iterator[str]:
    """Every difference between an answer and what was expected: JSON, or the bytes of an answer.

    If both are JSON, their values are compared; text is compared without its trailing
    newlines, and anything else byte for byte.
    """
    if isinstance(expected, bytes):
        example = Answer(expected)
        if example.value is NOT_JSON or answer.value is NOT_JSON:
            if normalize_newlines(example) != normalize_newlines(answer):
                yield f"the answer is {answer.summary}, expected {example.summary}"
            return
        expected = example.value
    if answer.value is NOT_JSON:
        yield f"the answer is not JSON: {answer.summary}"
        return
    yield from compare_values(expected, answer.value, tolerance)


def normalize_newlines(answer: Answer) -> bytes:
    return answer.body if answer.text is None else answer.body.replace(b"\r\n", b"\n").rstrip(b"\n")


def compare_values(expected: Any, given: Any, tolerance: float, path: str = "") -> Iterator[str]:
    """Where two JSON values differ; numbers may do so by `tolerance`, relative or absolute."""
    place = f"`{path.removeprefix('.')}`" if path else "the answer"
    if isinstance(expected, dict) and isinstance(given, dict):
        for key in expected:
            if key not in given:
                yield f"{place} has no `{key}`"
        for key, value in given.items():
            if key not in expected:
                yield f"{place} has `{key}`, which is not expected"
            else:
                yield from compare_values(expected[key], value, tolerance, f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(given, list):
        if len(expected) != len(given):
            yield f"{place} has {len(given)} items, expected {len(expected)}"
            return
        for index, (one, other) in enumerate(zip(expected, given)):
            yield from compare_values(one, other, tolerance, f"{path}[{index}]")
    elif not is_equal(expected, given, tolerance):
        yield f"{place} is {to_short_json(given)}, expected {to_short_json(expected)}"


def is_equal(expected: Any, given: Any, tolerance: float) -> bool:
    if is_number(expected) and is_number(given):
        both_nan = math.isnan(expected) and math.isnan(given)
        return both_nan or math.isclose(expected, given, rel_tol=tolerance, abs_tol=tolerance)
    return type(expected) is type(given) and bool(expected == given)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def to_short_json(value: Any) -> str:
    return truncate(json.dumps(value, ensure_ascii=False), 60)
