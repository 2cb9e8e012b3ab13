"""The envelope `body`, after ts/torch_handler/request_envelope/body.py."""

from __future__ import annotations

from typing import Any

from .base import BaseEnvelope


class BodyEnvelope(BaseEnvelope):
    def parse_input(self, data: Any) -> Any:
        return [row.get("data") or row.get("body") for row in data]

    def format_output(self, data: Any) -> Any:
        return data
