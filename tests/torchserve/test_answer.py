from __future__ import annotations

from typing import Any

import pytest

from hatch_mar.torchserve.answer import NOT_JSON, Answer


class TestAnswer:
    @pytest.mark.parametrize(
        ("body", "value"),
        [(b'{"a": 1}', {"a": 1}), (b'"text"', "text"), (b"text", NOT_JSON), (b"\xff", NOT_JSON)],
    )
    def test_value(self, body: bytes, value: Any):
        """An answer's value is its JSON, if it is JSON."""
        assert Answer(body).value == value

    def test_deep(self):
        """JSON that is nested too deeply is not JSON."""
        assert Answer(b"[" * 100_000).value is NOT_JSON

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (Answer('{"a":  "schön"}'.encode()), '{"a": "schön"}'),
            (Answer("schön".encode()), "schön"),
            (Answer(b"two\nlines"), "two\\nlines"),
            (Answer(b"\xff"), "1 byte"),
            (Answer(b"\xff\xfe", "image/png"), "2 bytes of image/png"),
            (Answer(b"x" * 200), "x" * 119 + "…"),
        ],
    )
    def test_summary(self, answer: Answer, expected: str):
        """An answer is shown on one line that cannot control the terminal."""
        assert answer.summary == expected

    @pytest.mark.parametrize(
        ("body", "expected"), [(b"[1]", [1]), (b"text", "text"), (b"\xff", {"base64": "/w=="})]
    )
    def test_to_json(self, body: bytes, expected: Any):
        """In JSON, JSON is itself, text is a string, and anything else is base64."""
        assert Answer(body).to_json() == expected
