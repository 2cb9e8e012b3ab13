"""`hatch-mar try` beside a TorchServe that was started by hand: the same answers, and the real faults."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.options import Packing
from hatch_mar.checks import Subject
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.in_server import try_in_server
from hatch_mar.trial.in_worker import try_in_worker
from hatch_mar.trial.server.server import Server
from hatch_mar.trial.verdict.report import Report
from tests.archives import INSTANT, needs_linux
from tests.e2e.conftest import CHECKOUT, Run, require_module, without
from tests.e2e.torchserve import TorchServe, missing
from tests.trial import DAEMON_HANDLER, ECHO, archive_of, candidate_of, request_of

INPUTS = ([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], [[-1.0, 0.5, 2.0], [4.0, 5.0, 6.0]])
"""Requests: each a batch of its own of the network's inputs."""

NET = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
    def forward(self, x):
        return self.layer(x)
"""
HANDLER = """
import torch
from ts.torch_handler.base_handler import BaseHandler
class Handler(BaseHandler):
    def preprocess(self, data):
        return torch.tensor([row.get("data") or row.get("body") for row in data]).to(self.device)
"""
FUNCTION = """
import os
import torch
model = None
def handle(data, context):
    global model
    if model is None:
        directory = context.system_properties["model_dir"]
        model = torch.jit.load(os.path.join(directory, context.manifest["model"]["serializedFile"]))
    if data is not None:
        return [model(torch.tensor(row["body"])).tolist() for row in data]
"""
TIMEOUT = 60
KINDS = ("eager", "scripted", "package", "function", "base")


@pytest.fixture(scope="module", autouse=True)
def needed() -> None:
    if reason := missing():
        without(reason)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is left in the temporary directory."""
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield
    assert list(place.iterdir()) == []


@pytest.fixture(scope="module")
def network() -> tuple[bytes, bytes, list[Any]]:
    """A network's weights, the network as TorchScript, and its answers."""
    weights, scripted = io.BytesIO(), io.BytesIO()
    with warnings.catch_warnings():
        # torch warns of TorchScript
        warnings.simplefilter("ignore")
        import torch

        torch.manual_seed(0)
        namespace: dict[str, Any] = {}
        exec(NET, namespace)
        net = namespace["Net"]().eval()
        torch.save(net.state_dict(), weights)
        torch.jit.save(torch.jit.trace(net, torch.zeros(1, 3)), scripted)
        answers = [net(torch.tensor(value)).tolist() for value in INPUTS]
    return weights.getvalue(), scripted.getvalue(), answers


@pytest.fixture(scope="module")
def expected(network: tuple[bytes, bytes, list[Any]]) -> list[Any]:
    return network[2]


@pytest.fixture(scope="module")
def candidates(network: tuple[bytes, bytes, list[Any]]) -> dict[str, Candidate]:
    """An archive of each kind, all with the same weights."""
    pth, pt = {"w.pth": network[0]}, {"w.pt": network[1]}
    package = {"reader/__init__.py": "", "reader/entry.py": HANDLER}
    archives = {
        "eager": archive_of(
            {"handler.py": HANDLER, "net.py": NET, **pth}, model_file="net.py", serialized_file="w.pth"
        ),
        "scripted": archive_of({"handler.py": HANDLER, **pt}, serialized_file="w.pt"),
        "package": archive_of({**package, **pt}, "reader.entry", serialized_file="w.pt"),
        "function": archive_of({"entry.py": FUNCTION, **pt}, "entry.py:handle", serialized_file="w.pt"),
        "base": archive_of(pt, "base_handler", serialized_file="w.pt"),
    }
    requests = tuple(request_of(value, f"request {number}") for number, value in enumerate(INPUTS))
    return {
        name: Candidate(name, archive, Subject(archive, f"{name}.mar"), requests)
        for name, archive in archives.items()
    }


def options(name: str, **more: Any) -> Options:
    return Options(envelope="body" if name == "base" else None, timeout=TIMEOUT, **more)


def answers(report: Report) -> list[Any]:
    assert report.faults == [], report.output
    return [reply.answer.value for reply in report.replies if reply.answer]


def assert_close(expected: list[Any], given: list[Any]) -> None:
    flat = [[number for row in answer for number in row] for answer in (*expected, *given)]
    assert len(expected) == len(given)
    for one, other in zip(flat[: len(expected)], flat[len(expected) :]):
        assert all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(one, other, strict=True))


class TestSameAnswers:
    @pytest.mark.parametrize(
        ("names", "config"), [(KINDS[:-1], []), (KINDS[-1:], ["service_envelope=body"])], ids=["all", "base"]
    )
    def test_by_hand(
        self,
        names: tuple[str, ...],
        config: list[str],
        candidates: dict[str, Candidate],
        expected: list[Any],
        tmp_path: Path,
    ):
        """A TorchServe that has nothing to do with hatch-mar gives the network's answers."""
        (tmp_path / "store").mkdir()
        for name in names:
            FORMATS["default"].write(
                candidates[name].archive, tmp_path / "store" / f"{name}.mar", Packing(INSTANT)
            )
        with TorchServe(tmp_path / "store", tmp_path / "work", config=config) as server:
            for name in names:
                server.register(f"{name}.mar", model_name=name)
                given = [json.loads(server.predict(name, json.dumps(value).encode())) for value in INPUTS]
                assert_close(expected, given)

    @pytest.mark.parametrize("name", KINDS)
    def test_loader(self, name: str, candidates: dict[str, Candidate], expected: list[Any]):
        """TorchServe's own loader gives the same."""
        report = try_in_worker(candidates[name], options(name))

        assert_close(expected, answers(report))
        assert report.loaded_by.startswith("TorchServe 0.12.0's own loader, torch 2.")

    @pytest.mark.parametrize("name", KINDS)
    def test_stand_in(self, name: str, candidates: dict[str, Candidate], expected: list[Any]):
        """So does the stand-in, which a machine with torch alone has."""
        report = try_in_worker(candidates[name], options(name, stand_in=True))

        assert_close(expected, answers(report))
        assert report.loaded_by.startswith("a stand-in for TorchServe's loader, torch 2.")

    @pytest.mark.parametrize("name", KINDS)
    def test_serve(self, name: str, candidates: dict[str, Candidate], expected: list[Any]):
        """So does a server of `--serve`'s, which tells how long it took to be ready."""
        report = try_in_server(candidates[name], options(name))

        assert_close(expected, answers(report))
        assert report.ready_seconds > 0

    def test_cpu(self, candidates: dict[str, Candidate]):
        """On a machine without a GPU, it says that it ran on the CPU."""
        import torch

        if torch.cuda.is_available() or torch.backends.mps.is_available():
            pytest.skip("This machine has a GPU")
        [line, *_] = try_in_worker(replace(candidates["function"], requests=()), options("function")).lines()

        assert line.endswith(", on the CPU: torch finds no GPU")


RAISES = "class Handler:\n    def initialize(self, context):\n        raise RuntimeError('no weights')\n"
RAISES += "    def handle(self, data, context): ...\n"
SHAPES = """
import torch
def handle(data, context):
    return data and torch.nn.Linear(3, 2)(torch.tensor([row["body"] for row in data])).tolist()
"""
ARGUMENTS = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--device")
OPTIONS = parser.parse_args()
def handle(data, context):
    return data
"""
BROKEN = {
    "raises": (RAISES, "digits.mar/handler.py:3: RuntimeError: no weights, while loading the handler"),
    "dependency": (
        "import nowhere\n",
        "digits.mar/handler.py:1: ModuleNotFoundError: No module named 'nowhere' (TorchServe itself would",
    ),
    "shapes": (
        SHAPES,
        "digits.mar/handler.py:4: RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x2 and 3x2), on",
    ),
}
"""Code, and how the message begins; the others need no torch to be seen, and are in tests/trial."""


class TestBroken:
    @pytest.mark.parametrize("name", BROKEN)
    def test_loader(self, name: str):
        """With TorchServe's own loader, the message names the cause and the line."""
        code, message = BROKEN[name]
        [fault] = try_in_worker(candidate_of(code, request_of([1.0, 2.0])), Options(timeout=TIMEOUT)).faults

        assert fault.startswith(message)

    @pytest.mark.parametrize("name", ["dependency"])
    def test_serve(self, name: str):
        """Through a server, from its log, likewise."""
        code, message = BROKEN[name]
        [fault] = try_in_server(candidate_of(code, request_of([1.0, 2.0])), Options(timeout=TIMEOUT)).faults

        assert fault.startswith(message)

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("__import__('time').sleep(60)", "digits: no answer after 2 s, on `one`; "),
            ("__import__('os')._exit(1)", "digits: TorchServe said: Worker died., on `one`; "),
        ],
    )
    def test_served_answer(self, code: str, message: str):
        """What a server's log does not tell, a trial without the server does, to which the message points."""
        code = f"def handle(data, context):\n    return data and {code}\n"
        [fault] = try_in_server(candidate_of(code, request_of(1)), Options(timeout=2)).faults

        assert fault == f"{message}`hatch-mar try` without `--serve` " + fault.rpartition("`--serve` ")[2]


class TestArguments:
    @pytest.mark.parametrize("config", ["minWorkers: 1\n", "asyncCommunication: true\n"])
    def test_same(self, config: str):
        """The code sees the arguments that a server gives to its worker."""
        code = """
        import sys
        class Handler:
            def initialize(self, context):
                raise RuntimeError(" ".join(sys.argv))
            def handle(self, data, context): ...
        """
        candidate = candidate_of(code, files={"c.yaml": config}, config_file="c.yaml")
        # each trial has a temporary directory of its own
        ours, servers = (
            re.sub(r"\S+/(?=\.ts\.sock)", "", fault)
            for run_trial in (try_in_worker, try_in_server)
            for fault in run_trial(candidate, Options(timeout=TIMEOUT)).faults
        )

        assert "/ts/model_service_worker.py --sock-type " in servers
        assert ("--async" in servers) is ("async" in config)
        assert ours == servers

    def test_parsed(self):
        """argparse ends the worker, on a server as in a trial, and its message is shown."""
        candidate, how = candidate_of(ARGUMENTS), Options(timeout=TIMEOUT)
        for run_trial in (try_in_worker, try_in_server):
            [fault] = run_trial(candidate, how).faults

            assert (
                "(it last printed: model_service_worker.py: error: unrecognized arguments: --sock-" in fault
            )
            assert fault.endswith('parse them only under `if __name__ == "__main__"`')


class TestDaemon:
    """What the archive's code has started in a session of its own ends with the trial."""

    @needs_linux
    @pytest.mark.parametrize("run_trial", [try_in_worker, try_in_server])
    def test_ended(self, run_trial: Callable[[Candidate, Options], Report], tmp_path: Path):
        """It does so through a server, too."""
        mark = tmp_path / "daemon"
        code = DAEMON_HANDLER.format(mark=str(mark), answer="[1] * len(data)")

        assert set(answers(run_trial(candidate_of(code, request_of(1)), Options(timeout=TIMEOUT)))) == {1}
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)


class TestAuthorization:
    def test_keys(self, tmp_path: Path):
        """A server answers nobody who lacks the key, and no key is shown."""
        candidate = candidate_of(ECHO)
        FORMATS["default"].write(candidate.archive, tmp_path / "digits.mar", Packing(INSTANT))
        (tmp_path / "work" / "tmp").mkdir(parents=True)
        with Server(tmp_path / "work", tmp_path, {}, Event(), TIMEOUT) as server:
            management, inference = server.management, server.inference
            assert management.register("digits.mar", TIMEOUT, model_name="digits").status == 200
            assert inference.predict("digits", b"[1]", "application/json", TIMEOUT).value == [1]
            keys = {urlsplit(each.url).port: each.read_key() for each in (inference, management)}
            for number, path in zip(keys, ("predictions/digits", "models")):
                assert keys[number]
                assert keys[number] not in server.log()
                [other] = {*keys.values()} - {keys[number]}
                for headers in ({}, {"Authorization": f"Bearer {other}"}):
                    with closing(HTTPConnection("127.0.0.1", number, timeout=TIMEOUT)) as http:
                        http.request("POST", f"/{path}?url=digits.mar", "[1]", headers)
                        assert (http.getresponse().status, path) == (400, path)

    def test_loopback(self, tmp_path: Path):
        """Nothing of a server listens to other machines: two APIs, over HTTP and over gRPC, and metrics."""
        psutil = pytest.importorskip("psutil")
        (tmp_path / "tmp").mkdir()
        (tmp_path / "store").mkdir()
        with Server(tmp_path, tmp_path / "store", {}, Event(), TIMEOUT) as server:
            launched = psutil.Process(server.process.process.pid)

            def find_addresses() -> list[str]:
                return [
                    connection.laddr.ip.removeprefix("::ffff:")
                    for process in (launched, *launched.children(recursive=True))
                    for connection in process.net_connections()
                    if connection.status == psutil.CONN_LISTEN
                ]

            server.process.wait(TIMEOUT, lambda: len(find_addresses()) >= 5)
            assert find_addresses() == ["127.0.0.1"] * 5


class TestVariables:
    CODE = "import os\ndef handle(data, context):\n    return data and [os.environ['SOME_KEY']] * len(data)\n"

    @pytest.mark.parametrize("run_trial", [try_in_worker, try_in_server])
    def test_seen(self, run_trial: Callable[[Candidate, Options], Report], monkeypatch: pytest.MonkeyPatch):
        """The worker sees a variable of the shell only if it is asked for, and the fault says how."""
        monkeypatch.setenv("SOME_KEY", "value")
        candidate, how = candidate_of(self.CODE, request_of(1)), Options(timeout=TIMEOUT)
        [fault] = run_trial(candidate, how).faults

        assert fault.endswith("which the archive's code does not see: pass it with `--env SOME_KEY`")
        report = run_trial(candidate, replace(how, environ=("SOME_KEY",)))
        assert report.faults == []
        assert {reply.answer.text for reply in report.replies if reply.answer} == {"value"}


def wheel(name: str, code: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        file.writestr(
            f"{name}-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(f"{name}-1.dist-info/RECORD", "")
    return data.getvalue()


class TestRequirements:
    def test_installed(self):
        """What the archive requires is installed for the trial, and only if that is asked for."""
        code = "import brought\ndef handle(data, context):\n    return data and [brought.VALUE] * len(data)\n"
        files = {
            "requirements.txt": "--no-index\n./brought-1-py3-none-any.whl\n",
            "brought-1-py3-none-any.whl": wheel("brought", "VALUE = 42\n"),
        }
        candidate = candidate_of(code, request_of(1), files=files, requirements_file="requirements.txt")
        how = Options(requirements=True, stand_in=True, bare=True)

        assert answers(try_in_worker(candidate, how)) == [42]
        assert try_in_worker(candidate, replace(how, requirements=False)).faults != []


@pytest.fixture
def example(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("dist", "__pycache__")
    return shutil.copytree(CHECKOUT / "example_project", tmp_path / "example", ignore=ignored)


class TestExample:
    def test_try(self, example: Path, run: Run):
        """Both archives of the example answer as their examples expect."""
        reports = json.loads(
            run("python", "-m", "hatch_mar", "try", "--json", cwd=example).partition("\n")[2]
        )

        assert [report["name"] for report in reports] == ["digits", "digits-scripted"]
        assert [len(report["replies"]) for report in reports] == [5, 5]

    def test_in_the_build(self, example: Path, run: Run):
        """With `try = true` a build fails over an answer that differs, and leaves what stands there."""
        require_module("build")
        pyproject = example / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().replace("[tool.mar]\n", "[tool.mar]\ntry = true\n", 1))
        build = ("python", "-m", "build", "--no-isolation", "--wheel")
        run(*build, cwd=example)
        before = {path.name: path.read_bytes() for path in (example / "dist").glob("*.mar")}
        assert set(before) == {"digits.mar", "digits-scripted.mar"}

        answer = example / "samples" / "five.answer.json"
        answer.write_text(answer.read_text().replace('"digit": "five"', '"digit": "six"'))
        output = run(*build, cwd=example, status=1)

        assert 'digits: `samples/five.png`: `digit` is "five", expected "six"' in output
        assert before == {path.name: path.read_bytes() for path in (example / "dist").glob("*.mar")}
