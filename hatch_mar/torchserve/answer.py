"""What a model, or the server itself, answers to a request."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hatch_mar.text import count_of, escape, truncate

NOT_JSON = object()

LONGEST_SUMMARY = 120
"""Characters of an answer that are shown on a line."""


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str = ""
    status: int = 200

    @cached_property
    def value(self) -> Any:
        """The body as JSON, or `NOT_JSON`."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            return NOT_JSON

    @cached_property
    def text(self) -> str | None:
        """The body as text, or None if it is not UTF-8."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return None

    @property
    def summary(self) -> str:
        """The answer on one line, shortened if it is long."""
        if self.value is not NOT_JSON:
            return truncate(escape(json.dumps(self.value, ensure_ascii=False)), LONGEST_SUMMARY)
        if self.text is not None:
            return truncate(escape(self.text), LONGEST_SUMMARY)
        size = count_of(len(self.body), "byte")
        return f"{size} of {self.content_type}" if self.content_type else size

    def to_json(self) -> Any:
        """The answer itself if it is JSON, text as a string, anything else in base64."""
        if self.value is not NOT_JSON:
            return self.value
        return {"base64": b64encode(self.body).decode()} if self.text is None else self.text
