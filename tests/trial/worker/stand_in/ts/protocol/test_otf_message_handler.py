from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.trial.worker.child.worker import Response
from hatch_mar.trial.worker.stand_in.ts.context import Context, RequestProcessor
from hatch_mar.trial.worker.stand_in.ts.protocol.otf_message_handler import create_predict_response


class TestCreatePredictResponse:
    @given(st.lists(st.tuples(st.text(max_size=20), st.integers(200, 599), st.text(max_size=9)), max_size=4))
    def test_read(self, answers: list[tuple[str, int, str]]):
        """The frontend's side reads from a response what the worker's side has written."""
        context = Context("digits", ".", None, 1, None, "0.12.0")
        context.request_processor = [RequestProcessor({}) for _ in answers]
        for number, (_, status, kind) in enumerate(answers):
            context.set_response_status(status, "phrase", number)
            context.set_response_content_type(number, kind)
        identities = {number: f"try-{number}" for number in range(len(answers))}
        bodies = [body for body, _, _ in answers]
        response = Response(bytes(create_predict_response(bodies, identities, "done", 200, context)))

        assert (response.code, response.message) == (200, "done")
        assert response.answers == [
            {"id": f"try-{number}", "content_type": kind, "status": status, "body": body.encode()}
            for number, (body, status, kind) in enumerate(answers)
        ]

    def test_error(self):
        """A batch that failed has its code and message."""
        response = Response(bytes(create_predict_response(None, {0: "try-0"}, "Prediction failed", 503)))

        assert (response.code, response.message) == (503, "Prediction failed")
        assert [answer["body"] for answer in response.answers] == [b"error"]
