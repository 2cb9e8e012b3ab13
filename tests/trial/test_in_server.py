"""A session with a server that only pretends; tests/e2e/test_try.py has the real one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial import in_server
from hatch_mar.trial.candidate import Candidate
from hatch_mar.trial.in_server import Session, put_in_store
from tests.trial import ECHO, STAND_IN, archive_of, candidate_of, request_of, write_archive

LOG = "2025 [INFO ] W-9000 MODEL_LOG - "
TRACEBACK = f"{LOG}Traceback (most recent call last):\n{LOG}ValueError: wrong shape\n"


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), "application/json", status)


FAILED = answer({"code": 503, "message": "Prediction failed"}, 503)
DIED = answer({"code": 500, "message": "Worker died."}, 500)


@dataclass
class FakeServer:
    """Answers requests from a list, and remembers what it was told."""

    answers: list[Answer | OSError]
    registered: list[Answer | OSError] = field(default_factory=list)
    printed: str = ""
    calls: list[str] = field(default_factory=list)
    ready_seconds = 1.0

    @property
    def management(self) -> FakeServer:
        return self

    inference = management

    def register(self, url: str, seconds: float, **parameters: object) -> Answer:
        self.calls.append(f"register {url} {parameters.get('batch_size', 1)}")
        return self.next(self.registered) if self.registered else answer("ok")

    def unregister(self, model: str, seconds: float) -> Answer:
        self.calls.append(f"unregister {model}")
        return answer("ok")

    def describe(self, model: str, seconds: float) -> Answer:
        return answer([{"workers": [{"gpu": False}]}])

    def predict(self, model: str, data: bytes, content_type: str, seconds: float) -> Answer:
        self.calls.append(f"predict {data.decode()}")
        return self.next(self.answers)

    def log(self) -> str:
        return self.printed

    @staticmethod
    def next(answers: list[Answer | OSError]) -> Answer:
        found = answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_server, "version", lambda _: "1")
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def candidate() -> Candidate:
    return candidate_of(ECHO, request_of(1, "first"), request_of(2, "second"))


def session(candidate: Candidate, server: Any) -> Session:
    return Session(candidate, STAND_IN, server, "digits.mar")


class TestSession:
    def test_answers(self, candidate: Candidate):
        """Requests are sent alone, then in a batch that the archive is registered again for."""
        server = FakeServer([answer(5), answer(5), answer(5), answer(5)])
        report = session(candidate, server).run()

        assert report.faults == []
        assert [reply.label for reply in report.replies] == ["first", "second", "a batch of 2"]
        assert server.calls[:5] == [
            "register digits.mar 1",
            "predict 1",
            "predict 2",
            "unregister digits",
            "register digits.mar 2",
        ]
        assert sorted(server.calls[5:]) == ["predict 1", "predict 2"]

    def test_batch_size(self):
        """With `batchSize` in the model configuration, one registration is enough."""
        files = {"c.yaml": "batchSize: 2\n"}
        candidate = candidate_of(ECHO, request_of(1), files=files, config_file="c.yaml")
        server = FakeServer([answer(1)] * 3)

        assert session(candidate, server).run().ok
        assert server.calls == ["register digits.mar 1", "predict 1", "predict 1", "predict 1"]

    def test_device(self, candidate: Candidate):
        """The report says what the server's worker ran on."""
        report = session(candidate, FakeServer([answer(1)] * 4)).run()

        assert (report.device, report.device_note) == (
            "cpu",
            "TorchServe found no GPU, or `number_of_gpu=0` is set",
        )

    @pytest.mark.parametrize(
        ("registered", "printed", "fault"),
        [
            (FAILED, TRACEBACK, "digits: ValueError: wrong shape, while loading the handler"),
            (
                FAILED,
                "",
                (
                    "digits: TorchServe said: Prediction failed, while loading the handler; `hatch-mar try`"
                    " without `--serve` may say more"
                ),
            ),
            (
                TimeoutError(),
                "",
                (
                    "digits: no answer after 140 s, while loading the handler; `hatch-mar try` without"
                    " `--serve` shows where it hangs"
                ),
            ),
        ],
    )
    def test_not_loaded(self, registered: Answer | OSError, printed: str, fault: str, candidate: Candidate):
        """Why an archive could not be registered is in the server's log, or else in its answer."""
        report = session(candidate, FakeServer([], [registered], printed)).run()

        assert (report.faults, report.replies, report.load_seconds) == ([fault], [], None)

    def test_not_loaded_again(self, candidate: Candidate):
        """Nor may it fail to load for a larger batch."""
        server = FakeServer([answer(1), answer(2)], [answer("ok"), FAILED])

        assert session(candidate, server).run().faults == [
            (
                "digits: TorchServe said: Prediction failed, while loading the handler again, on a batch of"
                " 2; `hatch-mar try` without `--serve` may say more"
            )
        ]

    def test_error(self, candidate: Candidate):
        """A status of 500 or more is explained, and the next request is sent."""
        server = FakeServer([FAILED, answer(1), FAILED, FAILED], printed=TRACEBACK)
        faults = session(candidate, server).run().faults

        assert faults[0] == "digits: ValueError: wrong shape, on `first`"
        assert len(server.answers) == 0

    @pytest.mark.parametrize(
        ("given", "fault"),
        [
            (DIED, "digits: TorchServe said: Worker died., on `first`; "),
            (ConnectionResetError(), "digits: no answer after 20 s, on `first`; "),
        ],
    )
    def test_ended(self, given: Answer | OSError, fault: str, candidate: Candidate):
        """After a worker died or hung, nothing more is sent."""
        server = FakeServer([given, answer(1)])
        report = session(candidate, server).run()

        assert [found.startswith(fault) for found in report.faults] == [True]
        assert len(server.answers) == 1


class TestReadError:
    def test_once(self, candidate: Candidate):
        """An error in the log is read once."""
        server = FakeServer([], printed=TRACEBACK)
        one = session(candidate, server)

        assert (one.read_error() is None, one.read_error()) == (False, None)

    def test_late(self, candidate: Candidate, monkeypatch: pytest.MonkeyPatch):
        """The server may write it a little after its answer."""
        server = FakeServer([])
        monkeypatch.setattr(time, "sleep", lambda _: setattr(server, "printed", TRACEBACK))
        error = session(candidate, server).read_error()

        assert error is not None
        assert error.sentence == "ValueError: wrong shape"


class TestPutInStore:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        (tmp_path / "place").mkdir()
        return tmp_path / "place"

    def test_file(self, place: Path, tmp_path: Path):
        """A file is served from where it is."""
        path = write_archive(archive_of({}), tmp_path / "digits.mar")
        one = Candidate("digits", archive_of({}), candidate_of().subject, path=path)

        assert put_in_store(one, place) == (tmp_path, "digits.mar")
        assert list(place.iterdir()) == []

    @pytest.mark.parametrize(
        ("form", "name"), [("default", "digits.mar"), ("tgz", "digits.tar.gz"), ("no-archive", "digits")]
    )
    def test_other(self, form: str, name: str, place: Path):
        """Anything else is written for the server, in the archive's own format."""
        one = candidate_of()
        store, url = put_in_store(Candidate("x", one.archive, one.subject, format=FORMATS[form]), place)

        assert (store, url) == (place / "store", name)
        assert (store / name).exists()
