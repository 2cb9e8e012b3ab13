"""Every way in which a worker ends, with the stand-in: the message names the cause and its place."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.candidate import Candidate
from hatch_mar.trial.in_worker import try_in_worker
from hatch_mar.trial.verdict.report import Report
from hatch_mar.trial.worker import run
from tests.archives import needs_cpython, needs_linux, needs_posix
from tests.trial import DAEMON_HANDLER, ECHO, STAND_IN, candidate_of, request_of

INITIALIZE = """
class Handler:
    def initialize(self, context):
        {0}
    def handle(self, data, context):
        return data
"""
HANDLE = """
class Handler:
    def initialize(self, context):
        pass
    def handle(self, data, context):
        {0}
"""
HANGS = "__import__('time').sleep(60)"
ONES = "[1] * len(data)"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is left in the temporary directory, whatever happened."""
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield
    assert list(place.iterdir()) == []


def try_out(candidate: Candidate) -> Report:
    return try_in_worker(candidate, STAND_IN)


class TestAnswers:
    def test_each(self):
        """Every request is answered, alone and in one batch."""
        report = try_out(candidate_of(ECHO, request_of({"a": 1}, "first"), request_of([2], "second")))

        assert report.faults == []
        assert [reply.label for reply in report.replies] == ["first", "second", "a batch of 2"]
        assert [reply.answer.value for reply in report.replies[:2]] == [{"a": 1}, [2]]

    def test_loaded_by(self):
        """The report says what loaded the archive, and that it ran on the CPU."""
        report = try_out(candidate_of())

        assert report.loaded_by.startswith("a stand-in for TorchServe's loader, no torch, Python 3.")
        assert (report.device, report.device_note) == ("cpu", "torch is not installed")

    def test_without_requests(self):
        """Without requests, the archive is only loaded."""
        report = try_out(candidate_of())

        assert (report.ok, report.replies) == (True, [])
        assert report.load_seconds is not None

    def test_envelope(self):
        """An envelope unwraps requests, as the server's `service_envelope` does."""
        candidate = candidate_of(HANDLE.format("return data"), request_of([1, 2]))
        report = try_in_worker(candidate, replace(STAND_IN, envelope="body"))

        assert report.replies[0].answer.value == [1, 2]

    def test_batch(self):
        """A handler whose answers depend on the batch is found out."""
        report = try_out(candidate_of(HANDLE.format("return [len(data)] * len(data)"), request_of(0)))

        assert report.faults == [
            "digits: `one` is answered differently in a batch of 2 than alone: the answer is 2, expected 1"
        ]

    def test_batch_of_one(self):
        """A model configuration with `batchSize: 1` never gets a larger batch."""
        code = HANDLE.format("return [len(data)] * len(data)")
        files = {"c.yaml": "batchSize: 1\n"}

        assert try_out(candidate_of(code, request_of(0), files=files, config_file="c.yaml")).ok


class TestLoading:
    def test_raises(self):
        """An exception is reported with the line of the handler that raised it."""
        report = try_out(candidate_of(INITIALIZE.format("raise RuntimeError('no\\n weights')")))

        assert report.faults == [
            "digits.mar/handler.py:4: RuntimeError: no weights, while loading the handler"
        ]

    def test_missing_dependency(self):
        """The module that is missing is named, and not only the one that TorchServe then looks for."""
        [fault] = try_out(candidate_of("import nowhere.deep\n")).faults

        assert fault == (
            "digits.mar/handler.py:1: ModuleNotFoundError: No module named 'nowhere' (TorchServe itself would"
            " report: No module named 'ts.torch_handler.handler'), while loading the handler; pack it into"
            " the archive, or name it in its requirements and try with `--requirements`"
        )

    def test_arguments(self):
        """What parses its arguments when it is imported fails as on a server, with argparse's own message."""
        code = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--device")
        print("parsing")
        parser.parse_args()
        """
        [fault] = try_out(candidate_of(code)).faults

        said = "model_service_worker.py: error: unrecognized arguments: --sock-type "
        assert fault.startswith(f"digits.mar/handler.py:6: SystemExit: 2 (it last printed: {said}")
        assert fault.endswith('parse them only under `if __name__ == "__main__"`')

    def test_name(self):
        """A module that is there, but not with the name, is not to be packed."""
        [fault] = try_out(candidate_of("from json import nowhere\n")).faults

        assert "ImportError: cannot import name 'nowhere' from 'json'" in fault
        assert fault.endswith("the `json` that is installed here does not have it; another version may")

    @pytest.mark.parametrize(
        ("code", "handler"),
        [
            ("from ts.torch_handler.vision_handler import VisionHandler\n", "handler.py"),
            ("from ts.utils.util import nowhere\n", "handler.py"),
            ("", "image_classifier"),
        ],
    )
    def test_stand_in(self, code: str, handler: str):
        """What only the stand-in lacks needs TorchServe, and is not to be packed."""
        [fault] = try_out(candidate_of(code, handler=handler)).faults

        assert fault.endswith("its stand-in has only `base_handler`: pip install torchserve")

    def test_findings(self):
        """What the checks find is added."""
        report = try_out(candidate_of("def handle(:\n"))

        assert "digits.mar/handler.py:1: SyntaxError: " in report.faults[0]
        assert any(finding.startswith("digits.mar/handler.py:1: MAR") for finding in report.findings)

    def test_no_such_handler(self):
        """A handler that does not exist is called by its own name."""
        [fault] = try_out(candidate_of("", handler="base_handlr")).faults

        assert "No module named 'base_handlr'" in fault

    def test_shadowed_module(self):
        """If an archive breaks the worker before loading, the worker's last words are reported."""
        report = try_out(candidate_of(files={"json.py": ""}))

        assert "ended with exit status 1, before loading the handler" in report.faults[0]
        assert "module 'json' has no attribute" in report.faults[0]
        assert any("json.py" in finding for finding in report.findings)

    def test_runtime(self):
        """An archive that no Python worker can run is refused."""
        with pytest.raises(TrialError, match=r"^the runtime `LSP` is "):
            try_out(candidate_of(runtime="LSP"))


class TestAnswering:
    def test_raises(self):
        """What TorchServe hides behind `Prediction failed` is reported, once for all requests."""
        code = HANDLE.format("raise ValueError('wrong shape')")
        report = try_out(candidate_of(code, request_of(1, "first"), request_of(2, "second")))

        assert report.faults == ["digits.mar/handler.py:6: ValueError: wrong shape, on `first` and 1 more"]
        assert [reply.ok for reply in report.replies] == [False] * 3

    def test_prediction_exception(self):
        """A handler's own status and message are reported."""
        code = "from ts.utils.util import PredictionException\n" + HANDLE.format(
            "raise PredictionException('not an image', 422)"
        )

        assert try_out(candidate_of(code, request_of(1))).faults == [
            "digits.mar/handler.py:7: PredictionException: not an image (status 422), on `one`"
        ]

    def test_status(self):
        """A status of an error that a handler sets is a fault."""
        code = HANDLE.format("context.set_all_response_status(404, 'no'); return ['absent'] * len(data)")

        assert try_out(candidate_of(code, request_of(1))).faults == ["digits: `one` got status 404: absent"]

    @pytest.mark.parametrize(
        ("returned", "message"),
        [
            (
                "[1]",
                (
                    "the handler returned 1 answer, on a batch of 2; it must return one for each request, in"
                    " their order"
                ),
            ),
            (
                "{}",
                (
                    "the handler returned a `dict`, on `one`; it must return a list with an answer for each"
                    " request"
                ),
            ),
            (
                "[object()] * len(data)",
                (
                    "Unsupported model output data type, on `one`; an answer must be bytes, text, a tensor or"
                    " JSON"
                ),
            ),
        ],
    )
    def test_returned(self, returned: str, message: str):
        """What a handler returned is reported if it is not a list with an answer for each request."""
        report = try_out(candidate_of(HANDLE.format(f"return {returned}"), request_of(1)))

        assert report.faults == [f"digits: {message}"]


class TestDaemon:
    """What the archive's code has started in a session of its own ends with the trial."""

    @needs_linux
    @pytest.mark.parametrize("answer", [ONES, HANGS, "1 / 0", "os._exit(1)"])
    def test_ended(self, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """It does so however the trial ends."""
        monkeypatch.setattr(run, "GRACE", 0.1)
        mark = tmp_path / "daemon"
        candidate = candidate_of(DAEMON_HANDLER.format(mark=str(mark), answer=answer), request_of(1))
        report = try_in_worker(candidate, replace(STAND_IN, timeout=5 if answer == HANGS else 20))

        assert (report.faults == []) is (answer == ONES)
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)


class TestEnd:
    @pytest.mark.parametrize(
        ("code", "message"),
        [
            (
                INITIALIZE,
                (
                    "digits.mar/handler.py:4: still busy after 0.3 s, while loading the handler; if it may"
                    " take that long, raise `startupTimeout` in the model configuration, or `--timeout`"
                ),
            ),
            (
                HANDLE,
                (
                    "digits.mar/handler.py:6: still busy after 0.3 s, on `one`; if it may take that long,"
                    " raise `responseTimeout` in the model configuration, or `--timeout`"
                ),
            ),
        ],
    )
    @needs_cpython("PyPy knows only about where a program was when it was stopped")
    def test_hangs(self, code: str, message: str, monkeypatch: pytest.MonkeyPatch):
        """A handler that hangs is killed, and the message names the line where it hung."""
        monkeypatch.setattr(run, "GRACE", 0.3)
        candidate = candidate_of(code.format(HANGS), request_of(1))

        assert try_in_worker(candidate, replace(STAND_IN, timeout=0.3)).faults == [message]

    @needs_posix
    @pytest.mark.parametrize(
        ("code", "message"),
        [
            (
                "__import__('os').kill(__import__('os').getpid(), 9)",
                (
                    "digits: the worker's process ended with SIGKILL, on `one`; either the system ran out of"
                    " memory, or the archive's code killed it; it last printed: here"
                ),
            ),
            (
                "__import__('os')._exit(7)",
                (
                    "digits: the worker's process ended with exit status 7, on `one`; it may have called"
                    " `os._exit`, or failed before the worker could report it; it last printed: here"
                ),
            ),
            (
                "__import__('sys').exit(7)",
                "digits.mar/handler.py:6: SystemExit: 7 (it last printed: here), on `one`",
            ),
            pytest.param(
                "__import__('ctypes').string_at(0)",
                (
                    "digits.mar/handler.py:6: the worker's process ended with SIGSEGV, on `one`; compiled"
                    " code crashed; it last printed: here"
                ),
                marks=needs_cpython("PyPy does not crash there"),
            ),
        ],
    )
    def test_dies(self, code: str, message: str):
        """If a handler ends its process, the message says how, and where if that is known."""
        report = try_out(candidate_of(HANDLE.format(f"print('here', flush=True); {code}"), request_of(1)))

        assert report.faults == [message]

    def test_stopped(self):
        """Another thread can end a trial, and the process with it."""
        options = replace(STAND_IN, stop=Event())
        timer = Timer(0.1, options.stop.set)
        timer.start()

        with pytest.raises(TrialError, match=r"^Stopped$"):
            try_in_worker(candidate_of(HANDLE.format(HANGS), request_of(1)), options)
        timer.join()
