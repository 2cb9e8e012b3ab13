from __future__ import annotations

import math
from typing import Any

import pytest

from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.examples.compare import compare_answer, compare_values


def compare(expected: Any, given: Any, tolerance: float = 1e-4) -> list[str]:
    return list(compare_values(expected, given, tolerance))


class TestCompareValues:
    @pytest.mark.parametrize(
        ("expected", "given"),
        [
            (1, 1.00009),
            (0, 0.00009),
            (1000, 1000.09),
            (math.nan, math.nan),
            (math.inf, math.inf),
            ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
            ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ],
    )
    def test_none(self, expected: Any, given: Any):
        """Numbers may differ by the tolerance, relative or absolute; the order of keys does not count."""
        assert compare(expected, given) == []

    @pytest.mark.parametrize(
        ("expected", "given", "message"),
        [
            (1, 1.0002, "the answer is 1.0002, expected 1"),
            (1, True, "the answer is true, expected 1"),
            (1, "1", 'the answer is "1", expected 1'),
            (0, math.nan, "the answer is NaN, expected 0"),
            (None, 0, "the answer is 0, expected null"),
            ({"a": 1}, {}, "the answer has no `a`"),
            ({}, {"a": 1}, "the answer has `a`, which is not expected"),
            ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "`a.b[1]` is 3, expected 2"),
            ([1], [1, 2], "the answer has 2 items, expected 1"),
            ({"a": []}, {"a": {}}, "`a` is {}, expected []"),
        ],
    )
    def test_one(self, expected: Any, given: Any, message: str):
        """A difference names its place, and what was expected there."""
        assert compare(expected, given) == [message]

    def test_tolerance(self):
        """The tolerance can be set, even to zero."""
        assert compare(1, 1.4, 0.5) == []
        assert compare(1.0, 1.0000000001, 0) == ["the answer is 1.0000000001, expected 1.0"]


class TestCompareAnswer:
    @pytest.mark.parametrize(
        ("expected", "given"),
        [
            (b'{"a": 1}', b'{\n  "a": 1.00001\n}'),
            (b"seven\n", b"seven"),
            (b"two\r\nlines", b"two\nlines"),
            (b"\xff\n", b"\xff\n"),
            ({"a": 1}, b'{"a": 1}'),
        ],
    )
    def test_same(self, expected: Any, given: bytes):
        """JSON is compared as JSON, text without trailing newlines, the rest byte for byte."""
        assert list(compare_answer(expected, Answer(given), 1e-4)) == []

    @pytest.mark.parametrize(
        ("expected", "given", "message"),
        [
            (b"seven", b"eight", "the answer is eight, expected seven"),
            (b"\xff\n", b"\xff", "the answer is 1 byte, expected 2 bytes"),
            (b'{"a": 1}', b"a", 'the answer is a, expected {"a": 1}'),
            ({"a": 1}, b"a", "the answer is not JSON: a"),
        ],
    )
    def test_differ(self, expected: Any, given: bytes, message: str):
        """Both answers are shown."""
        assert list(compare_answer(expected, Answer(given), 1e-4)) == [message]
