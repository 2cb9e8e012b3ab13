from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.trial.worker.child.hatch_mar_wire import Conversation, Response, pack_batch
from hatch_mar.trial.worker.stand_in.ts.context import Context, RequestProcessor
from hatch_mar.trial.worker.stand_in.ts.protocol.otf_message_handler import (
    create_predict_response,
    retrieve_msg,
)


class TestPackBatch:
    @given(st.lists(st.binary(max_size=100), max_size=4))
    def test_retrieved(self, tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]):
        """The worker's side reads from a batch what the frontend's side has written."""
        folder = tmp_path_factory.mktemp("requests")
        requests = []
        for number, body in enumerate(bodies):
            Path(folder, str(number)).write_bytes(body)
            requests.append({"file": str(folder / str(number)), "content_type": "image/png; a=b"})
        command, received = retrieve_msg(Conversation(pack_batch(requests, 7)))

        assert command == b"I"
        assert [request["requestId"] for request in received] == [
            b"try-7-%d" % number for number in range(len(bodies))
        ]
        assert [request["parameters"] for request in received] == [
            [{"name": "body", "contentType": "image/png", "value": body}] for body in bodies
        ]
        assert [request["headers"][0] for request in received] == [
            {"name": b"Content-Type", "value": b"image/png; a=b"} for _ in bodies
        ]


class TestResponse:
    @given(st.lists(st.tuples(st.text(max_size=20), st.integers(200, 599), st.text(max_size=9)), max_size=4))
    def test_created(self, answers: list[tuple[str, int, str]]):
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
