"""What sets two answers apart."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from hatch_mar.trial.examples.answer import NOT_JSON, Answer, parsed


def answers_differ(expected: Any, answer: Answer, tolerance: float, word: str = "expected") -> Iterator[str]:
    """How an answer differs from what was expected: JSON, or the bytes of one.

    What is JSON on both sides is compared as such, text without its last newline, all else
    byte for byte.
    """
    if isinstance(expected, bytes):
        value = parsed(expected)
        if value is NOT_JSON or answer.value is NOT_JSON:
            if lines(expected) != lines(answer.body):
                yield f"the answer is {answer.shown}, {word} {Answer(expected).shown}"
            return
        expected = value
    if answer.value is NOT_JSON:
        yield f"the answer is no JSON: {answer.shown}"
        return
    yield from differences(expected, answer.value, tolerance, word)


def lines(data: bytes) -> bytes:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return data.replace(b"\r\n", b"\n").rstrip(b"\n")


def differences(expected: Any, given: Any, tolerance: float, word: str, path: str = "") -> Iterator[str]:
    """Where two JSON values differ; numbers may do so by `tolerance`, relative or absolute."""
    place = f"`{path.removeprefix('.')}`" if path else "the answer"
    if isinstance(expected, dict) and isinstance(given, dict):
        for key in expected:
            if key not in given:
                yield f"{place} has no `{key}`"
        for key, value in given.items():
            if key not in expected:
                yield f"{place} has `{key}`, which is not {word}"
            else:
                yield from differences(expected[key], value, tolerance, word, f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(given, list):
        if len(expected) != len(given):
            yield f"{place} has {len(given)} items, {word} {len(expected)}"
            return
        for index, (one, other) in enumerate(zip(expected, given)):
            yield from differences(one, other, tolerance, word, f"{path}[{index}]")
    elif not equal(expected, given, tolerance):
        yield f"{place} is {short(given)}, {word} {short(expected)}"


def equal(expected: Any, given: Any, tolerance: float) -> bool:
    if number(expected) and number(given):
        both_nan = math.isnan(expected) and math.isnan(given)
        return both_nan or math.isclose(expected, given, rel_tol=tolerance, abs_tol=tolerance)
    return type(expected) is type(given) and bool(expected == given)


def number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
