"""Every way in which a worker ends, with the stand-in: the message names the cause and its place."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.candidate import Candidate
from hatch_mar.trial.in_worker import try_archive
from hatch_mar.trial.verdict.report import Report
from tests.archives import needs_posix
from tests.trial import ECHO, STAND_IN, asking, candidate_of, labels

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
SHORT = replace(STAND_IN, timeout=0.5)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is left in the temporary directory, whatever happened."""
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield
    assert list(place.iterdir()) == []


def tried(candidate: Candidate) -> Report:
    return try_archive(candidate, STAND_IN)


class TestAnswers:
    def test_each(self):
        """Every request is answered, alone and in one batch."""
        report = tried(candidate_of(ECHO, asking({"a": 1}, "first"), asking([2], "second")))

        assert report.faults == []
        assert labels(report.replies) == ["first", "second", "a batch of 2"]
        assert [reply.answer.value for reply in report.replies[:2]] == [{"a": 1}, [2]]

    def test_measured(self):
        """The time to load, the time of each answer and the most memory are known."""
        report = tried(candidate_of(ECHO, asking(1)))

        assert report.load_seconds is not None
        assert all(reply.seconds > 0 for reply in report.replies)
        assert sys.platform == "win32" or report.memory > 1_000_000

    def test_where(self):
        """It says what loaded the archive, and that this was on the CPU."""
        report = tried(candidate_of())

        assert report.loaded_by.startswith("a stand-in for TorchServe's loader, no torch, Python 3.")
        assert (report.device, report.device_note) == ("cpu", "there is no torch")

    def test_environment(self):
        """The working directory is the archive's, which comes on the path after the PYTHONPATH; the
        worker's own folder is not on it."""
        code = """
        import os, sys
        def handle(data, context):
            model = context.system_properties["model_dir"]
            return data and [{
                "directory": os.getcwd() == model, "path": model in sys.path,
                "worker": [entry for entry in sys.path if entry.endswith("child")],
                "temporary": os.environ["TMPDIR"].startswith(os.path.dirname(model)),
            }] * len(data)
        """
        [reply, _] = tried(candidate_of(code, asking(1))).replies

        assert reply.answer.value == {"directory": True, "path": True, "worker": [], "temporary": True}

    def test_requests(self):
        """A handler gets a request as from TorchServe: JSON parsed, text decoded, all else as bytes."""
        code = """
        def handle(data, context):
            return data and [
                {"kind": type(row["body"]).__name__, "header": context.get_request_header(at, "Content-Type")}
                for at, row in enumerate(data)
            ]
        """
        requests = (
            asking([1]),
            replace(asking("x"), content_type="text/plain; charset=utf-8"),
            replace(asking("x"), content_type="image/png"),
            replace(asking("x"), data=b"{", content_type="application/json"),
        )
        replies = tried(candidate_of(code, *requests)).replies[:4]

        assert [reply.answer.value for reply in replies] == [
            {"kind": "list", "header": "application/json"},
            {"kind": "str", "header": "text/plain; charset=utf-8"},
            {"kind": "bytearray", "header": "image/png"},
            {"kind": "bytearray", "header": "application/json"},
        ]

    @pytest.mark.parametrize(
        ("given", "body"),
        [('{"a": 1}', b'{\n  "a": 1\n}'), ("'text'", b"text"), ("b'\\xff'", b"\xff"), ("None", b"null")],
    )
    def test_body(self, given: str, body: bytes):
        """An answer's bytes are TorchServe's."""
        code = f"def handle(data, context):\n    return data and [{given}] * len(data)\n"
        [reply, _] = tried(candidate_of(code, asking(1))).replies

        assert body == reply.answer.body

    def test_streamed(self):
        """What is streamed before the last part is part of the answer."""
        code = """
        from ts.handler_utils.utils import send_intermediate_predict_response
        def handle(data, context):
            if data:
                send_intermediate_predict_response(["a"] * len(data), context.request_ids, "", 200, context)
            return data and ["b"] * len(data)
        """
        [reply, _] = tried(candidate_of(code, asking(1))).replies

        assert reply.answer.body == b"ab"

    @pytest.mark.parametrize("handler", ["package.entry:answer", "package.entry"])
    def test_package(self, handler: str):
        """A handler may be a module of a package, and its function have any name."""
        code = "from package.values import answer\nhandle = answer\n"
        files = {
            "package/__init__.py": "",
            "package/entry.py": code,
            "package/values.py": "def answer(data, context):\n    return data and [1] * len(data)\n",
        }
        report = tried(candidate_of("", asking(1), handler=handler, files=files))

        assert report.replies[0].answer.body == b"1"

    def test_without_requests(self):
        """With nothing to ask, the archive is loaded."""
        assert tried(candidate_of()).ok


class TestLoading:
    def test_raises(self):
        """What a handler raises is told with its line."""
        report = tried(candidate_of(INITIALIZE.format("raise RuntimeError('no\\n weights')")))

        assert report.faults == [
            "digits.mar/handler.py:4: RuntimeError: no weights, while the handler was loaded"
        ]

    def test_missing_dependency(self):
        """The module that is missing is told, and not the one that TorchServe then looks for."""
        [fault] = tried(candidate_of("import nowhere.deep\n")).faults

        assert fault.replace(".py'", "'") == (
            "digits.mar/handler.py:1: ModuleNotFoundError: No module named 'nowhere', while the handler was"
            " loaded; pack it into the archive, or name it in its requirements and try with `--requirements`"
            " (TorchServe itself would say: No module named 'ts.torch_handler.handler')"
        )

    def test_required_dependency(self):
        """What the archive's requirements name can be installed for the trial."""
        files = {"requirements.txt": "nowhere>=1\n"}
        [fault] = tried(
            candidate_of("import nowhere\n", files=files, requirements_file="requirements.txt")
        ).faults

        assert "`requirements.txt` names it: `--requirements` installs that for the trial" in fault

    def test_findings(self):
        """What the checks have to say comes with it."""
        report = tried(candidate_of("def handle(:\n"))

        assert "digits.mar/handler.py:1: SyntaxError: " in report.faults[0]
        assert any(finding.startswith("digits.mar/handler.py:1: MAR") for finding in report.findings)

    def test_no_such_handler(self):
        """A handler that is nowhere is told by its own name."""
        [fault] = tried(candidate_of("", handler="base_handlr")).faults

        assert "No module named 'base_handlr'" in fault

    def test_hangs(self):
        """A handler that does not come back is ended, and told where it was."""
        code = INITIALIZE.format("__import__('time').sleep(60)")
        [fault] = try_archive(candidate_of(code), SHORT).faults

        assert fault == (
            "digits.mar/handler.py:4: still busy after 0.5 s, while the handler was loaded; if it may take"
            " that long, raise `startupTimeout` in the model configuration, or `--timeout`"
        )

    def test_shadowed_module(self):
        """An archive that breaks the worker before it loads is told, with what the worker last said."""
        report = tried(candidate_of(files={"json.py": ""}))

        assert "before the handler was loaded, with exit status 1" in report.faults[0]
        assert "module 'json' has no attribute" in report.faults[0]
        assert any("json.py" in finding for finding in report.findings)

    @pytest.mark.parametrize(
        ("runtime", "message"), [("LSP", "^the runtime `LSP` is "), ("python2", "^no TorchServe has the")]
    )
    def test_runtime(self, runtime: str, message: str):
        """What no Python worker can run is refused."""
        with pytest.raises(TrialError, match=message):
            tried(candidate_of(runtime=runtime))


class TestAnswering:
    def test_raises(self):
        """What hides behind `Prediction failed` is told, once for all requests."""
        code = HANDLE.format("raise ValueError('wrong shape')")
        report = tried(candidate_of(code, asking(1, "first"), asking(2, "second")))

        assert report.faults == ["digits.mar/handler.py:6: ValueError: wrong shape, on `first` and 1 more"]
        assert [reply.ok for reply in report.replies] == [False] * 3

    def test_prediction_exception(self):
        """A handler's own status and message are told."""
        code = "from ts.utils.util import PredictionException\n" + HANDLE.format(
            "raise PredictionException('not an image', 422)"
        )

        assert tried(candidate_of(code, asking(1))).faults == [
            "digits.mar/handler.py:7: PredictionException: not an image (status 422), on `one`"
        ]

    def test_status(self):
        """A status that a handler sets is a fault where it is one of an error."""
        code = HANDLE.format("context.set_all_response_status(404, 'no'); return ['absent'] * len(data)")

        assert tried(candidate_of(code, asking(1))).faults == ["digits: `one` got status 404: absent"]

    def test_length(self):
        """An answer of the wrong length is told with both lengths."""
        report = tried(candidate_of(HANDLE.format("return [1]"), asking(1), asking(2, "two")))

        assert report.faults == [
            (
                "digits: the handler gave 1 answer to a batch of 2; it must give one for each request,"
                " in their order"
            )
        ]
        assert [reply.ok for reply in report.replies] == [True, True, False]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                "{}",
                "the handler gave a `dict`, on `one`; it must give a list with an answer for each request",
            ),
            (
                "[object()] * len(data)",
                (
                    "Unsupported model output data type, on `one`;"
                    " an answer must be bytes, text, a tensor or JSON"
                ),
            ),
        ],
    )
    def test_kind(self, given: str, message: str):
        """What is no answer is told as what it is."""
        assert tried(candidate_of(HANDLE.format(f"return {given}"), asking(1))).faults == [
            f"digits: {message}"
        ]

    def test_batch(self):
        """A handler whose answers depend on the batch is told."""
        report = tried(candidate_of(HANDLE.format("return [len(data)] * len(data)"), asking(0)))

        assert report.faults == ["digits: `one`: the answer is 2, alone 1, in a batch of 2"]

    def test_batch_of_one(self):
        """A model configuration with `batchSize: 1` never meets a batch of several."""
        code = HANDLE.format("return [len(data)] * len(data)")
        files = {"c.yaml": "batchSize: 1\n"}

        assert tried(candidate_of(code, asking(0), files=files, config_file="c.yaml")).ok

    def test_hangs(self):
        """A handler that does not come back is ended, and told where it was."""
        code = HANDLE.format("__import__('time').sleep(60)")
        [fault] = try_archive(candidate_of(code, asking(1)), SHORT).faults

        assert fault.startswith("digits.mar/handler.py:6: still busy after 0.5 s, on `one`; ")

    @needs_posix
    @pytest.mark.parametrize(
        ("code", "message"),
        [
            (
                "__import__('os').kill(__import__('os').getpid(), 9)",
                (
                    "digits: the worker's process ended on `one`, with SIGKILL: the system killed it for want"
                    " of memory, or its own code did; it last printed: here"
                ),
            ),
            (
                "__import__('os')._exit(7)",
                (
                    "digits: the worker's process ended on `one`, with exit status 7: an error before its"
                    " own, `os._exit`, or compiled code; it last printed: here"
                ),
            ),
            ("__import__('sys').exit(7)", "digits.mar/handler.py:6: SystemExit: 7, on `one`"),
            (
                "__import__('ctypes').string_at(0)",
                (
                    "digits.mar/handler.py:6: the worker's process ended on `one`, with SIGSEGV: compiled"
                    " code crashed; it last printed: here"
                ),
            ),
        ],
    )
    def test_dies(self, code: str, message: str):
        """A handler that ends its process is told how, and where if that is known."""
        report = tried(candidate_of(HANDLE.format(f"print('here', flush=True); {code}"), asking(1)))

        assert report.faults == [message]

    def test_stopped(self):
        """Another thread can end a trial, and so the process."""
        options = replace(STAND_IN, stop=Event())
        timer = Timer(0.5, options.stop.set)
        timer.start()
        code = HANDLE.format("__import__('time').sleep(60)")

        with pytest.raises(TrialError):
            try_archive(candidate_of(code, asking(1)), options)
        timer.join()


class TestEnvelope:
    def test_body(self):
        """An envelope unwraps requests, as the server's `service_envelope`."""
        code = HANDLE.format("return data")
        report = try_archive(candidate_of(code, asking([1, 2])), replace(STAND_IN, envelope="body"))

        assert report.replies[0].answer.value == [1, 2]


class TestInherited:
    def test_python_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The server's own PYTHONPATH comes first."""
        (tmp_path / "values.py").write_text("VALUE = 'from the server'\n")
        monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
        code = "import values\ndef handle(data, context):\n    return data and [values.VALUE] * len(data)\n"
        report = tried(candidate_of(code, asking(1), files={"values.py": "VALUE = 'from the archive'\n"}))

        assert report.replies[0].answer.body == b"from the server"
