from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.examples.answer import Answer
from hatch_mar.trial.process import TimedOutError
from hatch_mar.trial.server import server
from hatch_mar.trial.server.server import Server, find_missing, free_ports, message_of
from tests.archives import needs_posix


class TestFindMissing:
    def test_java(self, monkeypatch: pytest.MonkeyPatch):
        """Without Java, the message says so."""
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setattr(shutil, "which", lambda _: None)

        assert "`--serve` needs Java: " in find_missing()

    def test_java_home(self, monkeypatch: pytest.MonkeyPatch):
        """Java is looked for where TorchServe does."""
        asked = []
        monkeypatch.setenv("JAVA_HOME", "/java")
        monkeypatch.setattr(shutil, "which", asked.append)
        find_missing()

        assert asked == ["/java/bin/java"]

    def test_torchserve(self, monkeypatch: pytest.MonkeyPatch):
        """Without TorchServe, the message says what to install."""
        monkeypatch.setattr(shutil, "which", lambda name: name)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ts" else name)

        assert find_missing() == ("`--serve` needs packages that are not installed: pip install torchserve")


@dataclass
class FakeProcesses:
    """Server processes that print these logs, one after the other; one that prints `ready` is ready."""

    logs: list[str]
    made: list[FakeProcess] = field(default_factory=list)
    hang: bool = False

    def __call__(self, command: list[str], **options: Any) -> FakeProcess:
        self.made.append(FakeProcess(self.logs.pop(0), options["environ"], self.hang))
        return self.made[-1]


@dataclass
class FakeProcess:
    printed: str
    environ: dict[str, str]
    hang: bool
    ended: bool = False

    def __enter__(self) -> FakeProcess:
        return self

    def wait(self, seconds: float, until: Any) -> None:
        if self.hang:
            raise TimedOutError

    @property
    def status(self) -> int | None:
        return None if self.printed == "ready" else 1

    def output(self) -> str:
        return self.printed

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> FakeProcesses:
    made = FakeProcesses(["ready"])
    monkeypatch.setattr(server, "Process", made)
    return made


def make_server(place: Path) -> Server:
    return Server(place, place / "store", {"default_response_timeout": "7"}, stop=Event(), timeout=None)


class TestStart:
    def test_ready(self, processes: FakeProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A server has its own ports and properties, and ends with the block."""
        monkeypatch.setenv("TS_SOMETHING", "1")
        with make_server(tmp_path) as one:
            [made] = processes.made
            assert not made.ended
        properties = (tmp_path / "config.properties").read_text(encoding="utf-8").splitlines()

        assert f"inference_address=http://127.0.0.1:{one.inference}" in properties
        assert "default_response_timeout=7" in properties
        assert "TS_SOMETHING" not in made.environ
        assert made.environ["TMPDIR"] == os.fspath(tmp_path / "tmp")
        assert made.ended

    def test_port_taken(self, processes: FakeProcesses, tmp_path: Path):
        """A port that another process took is a reason to try again."""
        processes.logs = ["java.net.BindException: x", "ready"]
        with make_server(tmp_path):
            assert [made.ended for made in processes.made] == [True, False]

    @pytest.mark.parametrize(
        ("log", "reason"),
        [
            ("INFO a\njava.lang.Exception: bad\nINFO b", "java.lang.Exception: bad"),
            ("a\nb\n", "b"),
            ("", "it printed nothing"),
        ],
    )
    def test_ends(self, log: str, reason: str, processes: FakeProcesses, tmp_path: Path):
        """If it ends, the error says why."""
        processes.logs = [log]

        with pytest.raises(TrialError) as error, make_server(tmp_path):
            pass
        assert str(error.value) == f"TorchServe ended while it was starting: {reason}"

    def test_never_ready(self, processes: FakeProcesses, tmp_path: Path):
        """If it does not get ready, it is ended."""
        processes.logs, processes.hang = ["x"], True

        with pytest.raises(TrialError, match=r"^TorchServe was not ready after 120 s"), make_server(tmp_path):
            pass
        assert processes.made[0].ended


class Echo(BaseHTTPRequestHandler):
    """Answers with what was asked; a path with `no` in it has an error's status."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(404 if "no" in self.path else 200)
        self.send_header("Content-Type", "text/x-echo")
        self.server.keys.append(self.headers["Authorization"])  # type: ignore[attr-defined]
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers['Content-Type']} ".encode() + body)

    def log_message(self, *_: Any) -> None: ...


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


class TestRequest:
    @pytest.fixture
    def echo(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        one = make_server(tmp_path)
        with HTTPServer(("127.0.0.1", 0), Echo) as http:
            one.inference = one.management = http.server_address[1]
            http.keys = self.keys = []  # type: ignore[attr-defined]
            thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield one
            http.shutdown()
            thread.join()

    def test_predict(self, echo: Server):
        """A request has its body and type, and goes through no proxy."""
        found = echo.predict("a/b", b"[1]", "application/json", 5)

        assert found == Answer(b"/predictions/a%2Fb application/json [1]", "text/x-echo", 200)

    def test_error(self, echo: Server):
        """An error's status and body are an answer too."""
        assert echo.predict("no", b"", "x/y", 5) == Answer(b"/predictions/no x/y ", "text/x-echo", 404)

    def test_register(self, echo: Server):
        """Registering waits for one worker."""
        found = echo.register("a.mar", 5, model_name="a")

        assert found.text is not None
        assert found.text.startswith("/models?url=a.mar&initial_workers=1&synchronous=true&model_name=a")

    def test_key(self, echo: Server, tmp_path: Path):
        """A request has the key of its interface, as TorchServe has written it down."""
        keys = {kind: {"key": f"the {kind} key"} for kind in ("management", "inference", "API")}
        (tmp_path / "key_file.json").write_text(json.dumps(keys))
        echo.predict("a", b"", "x/y", 5)
        echo.inference, inference = 0, echo.inference
        echo.register("a.mar", 5)
        echo.inference = inference

        assert self.keys == ["Bearer the inference key", "Bearer the management key"]

    @needs_posix
    @pytest.mark.parametrize(
        "plant",
        [
            make_pipe,
            lambda path: path.symlink_to("other"),
            Path.mkdir,
            lambda path: path.write_text("[" * 60_000),
        ],
        ids=["pipe", "link", "directory", "deep"],
    )
    def test_planted(self, echo: Server, tmp_path: Path, plant: Callable[[Path], None]):
        """What the archive's code has put in the place of the keys is not waited for, nor followed."""
        (tmp_path / "other").write_text('{"inference": {"key": "x"}}')
        plant(tmp_path / "key_file.json")
        echo.predict("a", b"", "x/y", 5)

        assert self.keys == ["Bearer "]


class TestMessageOf:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [(b'{"code": 503, "message": "busy"}', "busy"), (b"[1]", "[1]"), (b"text", "text")],
    )
    def test_message(self, body: bytes, expected: str):
        """TorchServe's message is found in its answer."""
        assert message_of(Answer(body)) == expected


class TestFreePorts:
    def test_distinct(self):
        """A server's ports are distinct."""
        assert len(set(free_ports(5))) == 5
