from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.process import TimedOutError
from hatch_mar.trial.server import server
from hatch_mar.trial.server.server import Server, find_missing, free_ports
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

        assert f"inference_address={one.inference.url}" in properties
        assert f"management_address={one.management.url}" in properties
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


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


class TestKey:
    def test_key(self, tmp_path: Path):
        """Each interface has its key, as TorchServe has written it down."""
        keys = {kind: {"key": f"the {kind} key"} for kind in ("management", "inference", "API")}
        (tmp_path / "key_file.json").write_text(json.dumps(keys))
        one = make_server(tmp_path)

        assert [one.key(kind) for kind in ("inference", "management")] == [
            "the inference key",
            "the management key",
        ]

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
    def test_planted(self, tmp_path: Path, plant: Callable[[Path], None]):
        """What the archive's code has put in the place of the keys is not waited for, nor followed."""
        (tmp_path / "other").write_text('{"inference": {"key": "x"}}')
        plant(tmp_path / "key_file.json")

        assert make_server(tmp_path).key("inference") == ""


class TestFreePorts:
    def test_distinct(self):
        """A server's ports are distinct."""
        assert len(set(free_ports(5))) == 5
