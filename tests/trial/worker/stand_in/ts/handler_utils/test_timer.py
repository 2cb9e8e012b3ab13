from __future__ import annotations

from hatch_mar.trial.worker.stand_in.ts.handler_utils.timer import timed


class TestTimed:
    def test_same(self):
        """A decorated function is itself."""
        assert timed(len) is len
