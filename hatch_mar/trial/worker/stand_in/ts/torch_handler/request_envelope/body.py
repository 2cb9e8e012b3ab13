"""The envelope `body`, after ts/torch_handler/request_envelope/body.py and base.py there."""

from collections.abc import Callable
from typing import Any


class BodyEnvelope:
    def __init__(self, handle_fn: Callable[[Any, Any], Any]) -> None:
        self._handle_fn = handle_fn

    def handle(self, data: Any, context: Any) -> Any:
        # a function is called without data once, to initialize
        rows = data and [row.get("data") or row.get("body") for row in data]
        return self._handle_fn(rows, context)
