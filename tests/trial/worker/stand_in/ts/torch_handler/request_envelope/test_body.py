from __future__ import annotations

from hatch_mar.trial.worker.stand_in.ts.torch_handler.request_envelope.body import BodyEnvelope


class TestBodyEnvelope:
    def test_rows(self):
        """The handler gets what is in the rows."""
        handle = BodyEnvelope(lambda data, context: data).handle

        assert handle([{"body": 1}, {"data": 2}], None) == [1, 2]

    def test_initialize(self):
        """A function is initialized without data, which is not changed."""
        assert BodyEnvelope(lambda data, context: data).handle(None, None) is None
