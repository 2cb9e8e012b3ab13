"""The worker's script in its own process, with the stand-in: what a handler gets, and what it answers."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.examples.request import Request
from hatch_mar.trial.in_worker import try_in_worker
from hatch_mar.trial.worker.child.worker import choose_device, describe_error, measure_peaks
from tests.trial import ECHO, STAND_IN, candidate_of, request_of


def answers(code: str, *requests: Request, **keys: object) -> list[Answer]:
    """What a handler of this code answers to requests that are sent alone."""
    report = try_in_worker(candidate_of(code, *requests, **keys), STAND_IN)
    assert report.faults == [], report.output
    return [reply.answer for reply in report.replies if reply.answer]


class TestWork:
    def test_environment(self):
        """A handler runs in the archive's directory, which can be imported from; the script's own cannot."""
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
        [answer] = answers(code, request_of(1))

        assert answer.value == {"directory": True, "path": True, "worker": [], "temporary": True}

    @pytest.mark.parametrize(("config", "more"), [("", []), ("asyncCommunication: true\n", ["--async"])])
    def test_arguments(self, config: str, more: list[str]):
        """A handler sees the arguments that a server gives to its worker."""
        code = f"""
        import sys
        {"async " * len(more)}def handle(data, context):
            return data and [sys.argv] * len(data)
        """
        [answer] = answers(code, request_of(1), files={"c.yaml": config}, config_file="c.yaml")
        script, *arguments = answer.value

        named = dict(zip(arguments[::2], arguments[1::2]))
        metrics = Path(script).with_name("configs") / "metrics.yaml"
        assert Path(script).name == "model_service_worker.py"
        assert arguments[6:] == more
        assert [*named][1:3:2] == ["--port" if sys.platform == "win32" else "--sock-name"]
        assert (named["--sock-type"], named["--metrics-config"]) == (
            "tcp" if sys.platform == "win32" else "unix",
            str(metrics),
        )

    def test_asynchronous(self):
        """A handler is awaited, in one loop, if the model configuration asks for it."""
        code = """
        import asyncio
        class Handler:
            def initialize(self, context):
                self.loop = asyncio.get_event_loop()
            async def handle(self, data, context):
                await asyncio.sleep(0)
                return [self.loop is asyncio.get_running_loop()] * len(data)
        """
        config = {"files": {"c.yaml": "asyncCommunication: true\n"}, "config_file": "c.yaml"}

        assert [answer.value for answer in answers(code, request_of(1), request_of(2), **config)] == [
            True,
            True,
        ]

    def test_not_asynchronous(self):
        """TorchServe awaits the answers of any handler, if the model configuration asks for it."""
        candidate = candidate_of(
            ECHO, request_of(1), files={"c.yaml": "asyncCommunication: true\n"}, config_file="c.yaml"
        )
        [fault] = try_in_worker(candidate, STAND_IN).faults

        assert "TypeError: object list can't be used in 'await' expression" in fault

    @pytest.mark.parametrize("handler", ["package.entry:answer", "package.entry"])
    def test_package(self, handler: str):
        """A handler may be a module of a package, and its function may have any name."""
        files = {
            "package/__init__.py": "",
            "package/entry.py": "from package.values import answer\nhandle = answer\n",
            "package/values.py": "def answer(data, context):\n    return data and [1] * len(data)\n",
        }
        [answer] = answers("", request_of(1), handler=handler, files=files)

        assert answer.body == b"1"


class TestAnswerBatch:
    def test_requests(self):
        """A handler gets a request as from TorchServe: JSON parsed, text decoded, anything else as bytes."""
        code = """
        def handle(data, context):
            return data and [
                {"kind": type(row["body"]).__name__, "header": context.get_request_header(at, "Content-Type")}
                for at, row in enumerate(data)
            ]
        """
        requests = (
            request_of([1]),
            replace(request_of("x"), content_type="text/plain; charset=utf-8"),
            replace(request_of("x"), content_type="image/png"),
            replace(request_of("x"), data=b"{", content_type="application/json"),
        )

        assert [answer.value for answer in answers(code, *requests)] == [
            {"kind": "list", "header": "application/json"},
            {"kind": "str", "header": "text/plain; charset=utf-8"},
            {"kind": "bytearray", "header": "image/png"},
            {"kind": "bytearray", "header": "application/json"},
        ]

    @pytest.mark.parametrize(
        ("returned", "body"),
        [('{"a": 1}', b'{\n  "a": 1\n}'), ("'text'", b"text"), ("b'\\xff'", b"\xff"), ("None", b"null")],
    )
    def test_body(self, returned: str, body: bytes):
        """An answer has the bytes that TorchServe sends."""
        code = f"def handle(data, context):\n    return data and [{returned}] * len(data)\n"
        [answer] = answers(code, request_of(1))

        assert answer.body == body

    def test_streamed(self):
        """What is streamed before the last part belongs to the answer."""
        code = """
        from ts.handler_utils.utils import send_intermediate_predict_response
        def handle(data, context):
            if data:
                send_intermediate_predict_response(["a"] * len(data), context.request_ids, "", 200, context)
            return data and ["b"] * len(data)
        """
        [answer] = answers(code, request_of(1))

        assert answer.body == b"ab"


class TestDescribeError:
    def test_elsewhere(self):
        """Only frames in the archive's directory are described."""
        try:
            raise ValueError("wrong")
        except ValueError as error:
            described = describe_error(error, "/elsewhere")

        assert described == {
            "type": "ValueError", "message": "wrong", "status": None, "module": None, "masked": None,
            "stand_in": False, "by_torchserve": False, "frames": [],
        }  # fmt: skip


class TestChooseDevice:
    def test_no_torch(self, monkeypatch: pytest.MonkeyPatch):
        """Without torch there is only the CPU."""
        monkeypatch.delitem(sys.modules, "torch", raising=False)

        assert choose_device("") == (None, "cpu", "torch is not installed")

    def test_device_type(self, monkeypatch: pytest.MonkeyPatch):
        """`deviceType: cpu` decides, whatever this machine has."""
        monkeypatch.setitem(sys.modules, "torch", object())

        assert choose_device("CPU") == (None, "cpu", "`deviceType` asks for it")


class TestPeaks:
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
    def test_memory(self):
        """The most memory that a process used is at least a few megabytes."""
        assert measure_peaks()["memory"] > 1_000_000
