from __future__ import annotations

from types import SimpleNamespace

from hatch_mar.trial.worker.child.hatch_mar_wire import Response
from hatch_mar.trial.worker.stand_in.ts.context import Context, RequestProcessor
from hatch_mar.trial.worker.stand_in.ts.handler_utils.utils import send_intermediate_predict_response


class TestSendIntermediatePredictResponse:
    def test_sent(self):
        """A part of an answer goes to the frontend at once."""
        context = Context("digits", ".", None, 1, None, "0.12.0")
        context.request_processor = [RequestProcessor({})]
        parts: list[bytes] = []
        context.cl_socket = SimpleNamespace(sendall=parts.append)
        send_intermediate_predict_response(["part"], {0: "try-0"}, "more", 200, context)
        [sent] = parts

        assert [answer["body"] for answer in Response(bytes(sent)).answers] == [b"part"]
        assert context.get_response_headers(0) == {"ts_stream_next": "true"}
