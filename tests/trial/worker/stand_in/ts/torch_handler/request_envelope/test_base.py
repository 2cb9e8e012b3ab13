from __future__ import annotations

from typing import Any

from hatch_mar.trial.worker.stand_in.ts.torch_handler.request_envelope.base import BaseEnvelope


class Doubled(BaseEnvelope):
    def parse_input(self, data: Any) -> Any:
        return [2 * row for row in data]

    def format_output(self, data: Any) -> Any:
        return [row + 1 for row in data]


class TestBaseEnvelope:
    def test_handle(self):
        """An envelope changes what the handler gets and what it returns, and keeps the context."""
        envelope = Doubled(lambda data, context: data)

        assert envelope.handle([1, 2], "context") == [3, 5]
        assert envelope.context == "context"

    def test_initialize(self):
        """A function is initialized without data, which is not changed."""
        assert Doubled(lambda data, context: data).handle(None, None) is None
