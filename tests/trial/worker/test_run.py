from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.trial.worker.error import WorkerError
from hatch_mar.trial.worker.run import Run, run_worker, write_requests
from hatch_mar.trial.worker.unpack import unpack
from tests.trial import ECHO, STAND_IN, candidate_of, request_of


def line(event: str, **values: Any) -> str:
    return json.dumps({"event": event, **values}) + "\n"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


class TestRun:
    def test_nothing(self, journal: Path):
        """Before the worker writes, nothing is new."""
        run = Run(journal)

        assert (run.read_new(), run.phase, run.ended) == (False, "starting", False)

    def test_phases(self, journal: Path):
        """Each event is taken in once; the phase follows from it."""
        run = Run(journal)
        found = []
        for text in (
            line("started", device="cpu"),
            line("loaded", seconds=2.5),
            line("asked", batch=0) + line("answered", batch=0, code=200),
            line("done", memory=5),
        ):
            with journal.open("a") as file:
                file.write(text)
            found.append((run.read_new(), run.read_new(), run.phase, run.ended))

        assert found == [
            (True, False, "loading", False),
            (True, False, "answering", False),
            (True, False, "answering", False),
            (True, False, "done", True),
        ]
        assert (run.started, run.load_seconds) == ({"device": "cpu"}, 2.5)
        assert (run.answered, run.peaks) == ([{"batch": 0, "code": 200}], {"memory": 5})

    def test_partial_line(self, journal: Path):
        """A line is taken in when it is complete."""
        text = line("loaded", seconds=1)
        journal.write_text(text[:10])
        run = Run(journal)
        before = run.read_new()
        journal.write_text(text)

        assert (before, run.read_new(), run.load_seconds) == (False, True, 1)

    def test_failed(self, journal: Path):
        """An exception that the worker reports ends the run, with the batch that it was answering."""
        error = {"type": "E", "message": "m", "module": None, "masked": None, "status": None, "frames": []}
        journal.write_text(
            line("started") + line("loaded", seconds=1) + line("asked", batch=3) + line("failed", error=error)
        )
        run = Run(journal)
        run.read_new()

        assert (run.ended, run.phase, run.batch, run.error) == (True, "answering", 3, WorkerError("E", "m"))


class TestRunWorker:
    def test_order(self, tmp_path: Path):
        """The worker is told the model, its batches and the limits."""
        candidate = candidate_of(ECHO, request_of(1), request_of(2))
        model = unpack(candidate.archive, tmp_path / "model")
        run = run_worker(candidate, STAND_IN, tmp_path, model)
        order = json.loads((tmp_path / "order.json").read_text())

        assert (order["name"], order["directory"], order["batch_size"]) == ("digits", str(model), 2)
        assert order["limits"] == {"starting": 120, "loading": 20, "answering": 20}
        assert order["batches"] == [[0], [1], [0, 1]]
        assert [answered["code"] for answered in run.answered] == [200, 200, 200]
        assert run.phase == "done"


class TestWriteRequests:
    def test_files(self, tmp_path: Path):
        """Each request's body is in a file of its own."""
        candidate = candidate_of(ECHO, request_of([1]), request_of([2]))
        written = write_requests(candidate, tmp_path)

        assert [Path(request["file"]).read_bytes() for request in written] == [b"[1]", b"[2]"]
        assert {request["content_type"] for request in written} == {"application/json"}
