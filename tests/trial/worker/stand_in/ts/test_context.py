from __future__ import annotations

from hatch_mar.trial.worker.stand_in.ts.context import Context, RequestProcessor


def context() -> Context:
    made = Context("digits", "/model", {"model": {}}, 4, None, "0.12.0")
    made.request_ids = {0: "a", 1: "b"}
    made.request_processor = [RequestProcessor({"key": "value"}), RequestProcessor({})]
    return made


class TestContext:
    def test_system_properties(self):
        """A handler finds the archive's directory, the GPU and the batch size."""
        properties = context().system_properties

        assert (properties["model_dir"], properties["gpu_id"], properties["batch_size"]) == (
            "/model",
            None,
            4,
        )

    def test_requests(self):
        """Each request has its own identity and headers."""
        made = context()

        assert [made.get_request_id(index) for index in (0, 1, 2)] == ["a", "b", None]
        assert (made.get_request_header(0, "key"), made.get_request_header(1, "key")) == ("value", None)

    def test_response(self):
        """Status and headers are those of one response, or of all."""
        made = context()
        made.set_response_status(404, "no", 1)
        made.set_response_content_type(0, "text/plain")

        assert [made.get_response_status(index) for index in (0, 1)] == [(200, None), (404, "no")]
        assert [made.get_response_content_type(index) for index in (0, 1)] == ["text/plain", None]
        made.set_all_response_status(500, "all")
        assert [made.get_response_status(index) for index in (0, 1)] == [(500, "all")] * 2
