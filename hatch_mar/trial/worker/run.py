"""The worker's process: started, followed through its journal, ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.process import Process, TimedOutError
from hatch_mar.trial.worker.environment import worker_environ
from hatch_mar.trial.worker.error import Told, stacks_told

SCRIPT = Path(__file__).resolve().parent / "child" / "worker.py"
STAND_IN = Path(__file__).resolve().parent / "stand_in"

START_SECONDS = 120
"""Seconds to import torch and TorchServe in."""

GRACE = 1.0
"""Seconds past a limit, in which the worker writes down where it hangs."""

Phase = Literal["starting", "loading", "answering"]


@dataclass(frozen=True)
class Failure:
    """A worker that did not come to its end."""

    phase: Phase
    batch: int | None
    """The batch it was at, when `answering`."""
    told: Told | None = None
    """What it raised; or where it hung or crashed, as far as that is known."""
    seconds: float | None = None
    """The limit that it did not keep."""
    status: int | None = None
    """The status with which it ended by itself."""


@dataclass
class Run:
    """What a worker did."""

    started: dict[str, Any] = field(default_factory=dict)
    load_seconds: float | None = None
    answered: list[dict[str, Any]] = field(default_factory=list)
    """The batches that were answered, as the journal has them."""
    peaks: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    output: str = ""
    """All that the worker printed."""


class Follower:
    """Reads the journal while it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0
        self.run = Run()
        self.phase: Phase = "starting"
        self.batch: int | None = None
        self.ended = False

    def moved(self) -> bool:
        """Take in what is new; whether anything was."""
        data = self.path.read_bytes()[self.read :] if self.path.exists() else b""
        lines, newline, _ = data.rpartition(b"\n")
        self.read += len(lines) + len(newline)
        events = [json.loads(line) for line in lines.splitlines()]
        for event in events:
            self.take(event)
        return bool(events)

    def take(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "started":
            self.run.started, self.phase = event, "loading"
        elif kind == "loaded":
            self.run.load_seconds, self.phase = event["seconds"], "answering"
        elif kind == "asked":
            self.batch = event["batch"]
        elif kind == "answered":
            self.run.answered.append(event)
        elif kind == "failed":
            self.fail(told=Told.from_journal(event["error"]))
        else:
            self.run.peaks, self.ended = event, True

    def fail(self, **how: Any) -> None:
        self.run.failure, self.ended = Failure(self.phase, self.batch, **how), True


def run(
    candidate: Candidate,
    options: Options,
    place: Path,
    model: Path,
    batches: Sequence[Sequence[int]],
    *,
    python: str = sys.executable,
) -> Run:
    """Load the archive that is unpacked at `model`, and ask it batches of requests, by their indices.

    Raises:
        TrialError: the trial was stopped.
    """
    settings = candidate.settings
    limits: dict[Phase, float] = {
        "starting": max(options.timeout or 0, START_SECONDS),
        "loading": options.timeout or settings.startup_seconds,
        "answering": options.timeout or settings.response_seconds,
    }
    order = place / "order.json"
    told = ordered(candidate, options, place, batches) | {"directory": str(model), "limits": limits}
    order.write_text(json.dumps(told), encoding="utf-8")
    follower = Follower(place / "journal")
    process = Process(
        [python, str(SCRIPT), str(order)],
        directory=model,
        environ=worker_environ(model, candidate.handler, place / "tmp"),
        log=place / "worker.log",
        stop=options.stop,
    )
    with process:
        while not follower.ended:
            seconds = limits[follower.phase]
            try:
                process.wait(seconds + GRACE, follower.moved)
            except TimedOutError:
                follower.fail(seconds=seconds)
            status = process.status
            if status is not None and not follower.moved() and not follower.ended:
                follower.fail(status=status)
    done = follower.run
    done.output = process.output()
    if done.failure and done.failure.told is None:
        done.failure = replace(done.failure, told=stacks_told(place / "stacks", model))
    return done


def ordered(
    candidate: Candidate,
    options: Options,
    place: Path,
    batches: Sequence[Sequence[int]],
) -> dict[str, Any]:
    """What the worker is to do, for its eyes."""
    requests = []
    for number, request in enumerate(candidate.requests):
        file = place / f"request-{number}"
        file.write_bytes(request.data)
        requests.append({"file": str(file), "content_type": request.content_type})
    settings = candidate.settings
    return {
        "name": candidate.model_name,
        "handler": candidate.handler,
        "batch_size": settings.batch_size or max(map(len, batches), default=1),
        "envelope": options.envelope,
        "device_type": settings.device_type,
        "stand_in": str(STAND_IN),
        "forced": options.stand_in,
        "bare": options.bare,
        "journal": str(place / "journal"),
        "stacks": str(place / "stacks"),
        "requests": requests,
        "batches": batches,
    }
