from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.trial.worker.child.hatch_mar_wire import Response
from hatch_mar.trial.worker.stand_in.ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from hatch_mar.trial.worker.stand_in.ts.service import Service
from hatch_mar.trial.worker.stand_in.ts.utils.util import PredictionException


def respond(entry_point: Callable[[Any, Any], Any], *bodies: Any) -> Response:
    """The response to a batch with these bodies."""
    batch = [
        {
            "requestId": b"try-%d" % number,
            "parameters": [{"name": "body", "contentType": "text/plain", "value": body}],
            "headers": [{"name": b"key", "value": b"value"}],
        }
        for number, body in enumerate(bodies)
    ]
    service = Service("digits", ".", {}, entry_point, None, 1, metrics_cache=MetricsCacheYamlImpl("m.yaml"))
    return Response(bytes(service.predict(batch)))


def failing(error: BaseException) -> Callable[[Any, Any], Any]:
    def handle(data: Any, context: Any) -> Any:
        raise error

    return handle


class TestPredict:
    def test_answers(self):
        """A handler gets a row for each request, and its answers go to the requests in their order."""
        response = respond(lambda data, context: [row["body"] * 2 for row in data], "a", "b")

        assert (response.code, response.message) == (200, "Prediction success")
        assert [(answer["id"], answer["body"]) for answer in response.answers] == [
            ("try-0", b"aa"),
            ("try-1", b"bb"),
        ]

    def test_headers(self):
        """A request's headers are in the context."""
        response = respond(lambda data, context: [context.get_request_header(0, "key")], "a")

        assert response.answers[0]["body"] == b"value"

    @pytest.mark.parametrize(
        ("entry_point", "code", "message"),
        [
            (failing(ValueError("x")), 503, "Prediction failed"),
            (failing(RuntimeError("CUDA out of memory")), 507, "Out of resources"),
            (failing(MemoryError()), 507, "Out of resources"),
            (failing(PredictionException("not an image", 422)), 422, "not an image"),
            (lambda data, context: {}, 503, "Invalid model predict output"),
            (lambda data, context: [1, 2], 503, "number of batch response mismatched"),
            (lambda data, context: [object()], 503, "Unsupported model output data type."),
        ],
    )
    def test_errors(self, entry_point: Callable[[Any, Any], Any], code: int, message: str):
        """Everything else becomes an error, as in TorchServe."""
        response = respond(entry_point, "a")

        assert (response.code, response.message) == (code, message)


class TestModelConfig:
    def test_read(self, tmp_path: Path):
        """The model configuration is in the context."""
        (tmp_path / "c.yaml").write_text("batchSize: 4\n")
        service = Service("digits", str(tmp_path), {"model": {"configFile": "c.yaml"}}, print, None, 1)

        assert service.context.model_yaml_config == {"batchSize": 4}
