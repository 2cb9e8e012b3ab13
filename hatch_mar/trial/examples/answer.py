"""What an archive answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NOT_JSON = object()

LONGEST_SHOWN = 120
"""Characters of an answer that are shown on a line."""


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str = ""
    status: int = 200

    @cached_property
    def value(self) -> Any:
        """The body as JSON, or `NOT_JSON`."""
        return parsed(self.body)

    @property
    def shown(self) -> str:
        """The answer on one line, cut where it is long."""
        if self.value is not NOT_JSON:
            text = json.dumps(self.value, ensure_ascii=False)
        else:
            try:
                text = self.body.decode("utf-8")
            except UnicodeDecodeError:
                return f"{len(self.body)} bytes{f' of {self.content_type}' if self.content_type else ''}"
        text = text if text.isprintable() else repr(text)
        return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"

    def to_json(self) -> Any:
        """The JSON that was answered, text as a string, or the bytes in base64."""
        if self.value is not NOT_JSON:
            return self.value
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            from base64 import b64encode

            return {"base64": b64encode(self.body).decode()}


def parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return NOT_JSON
