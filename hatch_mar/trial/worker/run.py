"""The worker's process: started, followed through its journal, ended."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.process import START_SECONDS, Process, TimedOutError
from hatch_mar.trial.worker.environment import worker_environ
from hatch_mar.trial.worker.error import WorkerError, last_line, read_stacks

SCRIPT = Path(__file__).resolve().parent / "child" / "worker.py"
STAND_IN = Path(__file__).resolve().parent / "stand_in"

GRACE = 1.0
"""Seconds beyond a limit in which the worker writes down where it hangs."""

Phase = Literal["starting", "loading", "answering", "done"]


@dataclass
class Run:
    """What a worker did, read from its journal while it writes it.

    A worker that did not get to `done` failed in its `phase`.
    """

    journal: Path
    offset: int = 0
    """Bytes of the journal that were read."""
    phase: Phase = "starting"
    started: dict[str, Any] = field(default_factory=dict)
    """What loaded the archive and on which device, as the journal has it."""
    load_seconds: float | None = None
    batch: int | None = None
    """The batch that was asked last, by its index."""
    answered: list[dict[str, Any]] = field(default_factory=list)
    """What each batch was answered, as the journal has it."""
    peaks: dict[str, Any] = field(default_factory=dict)
    error: WorkerError | None = None
    """What it raised, or where it hung or crashed if that is known."""
    limit: float | None = None
    """The seconds that it exceeded."""
    status: int | None = None
    """The status with which its process ended by itself."""
    output: str = ""

    @property
    def ended(self) -> bool:
        return self.phase == "done" or (self.error, self.limit, self.status) != (None, None, None)

    def read_new(self) -> bool:
        """Take in the lines of the journal that are new; False if there are none."""
        data = self.journal.read_bytes()[self.offset :] if self.journal.exists() else b""
        lines, newline, _ = data.rpartition(b"\n")
        self.offset += len(lines) + len(newline)
        events = [json.loads(line) for line in lines.splitlines()]
        for event in events:
            self.take(event)
        return bool(events)

    def take(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "started":
            self.started, self.phase = event, "loading"
        elif kind == "loaded":
            self.load_seconds, self.phase = event["seconds"], "answering"
        elif kind == "asked":
            self.batch = event["batch"]
        elif kind == "answered":
            self.answered.append(event)
        elif kind == "failed":
            self.error = WorkerError.from_journal(event["error"])
        else:
            self.peaks, self.phase = event, "done"


def run_worker(
    candidate: Candidate, options: Options, place: Path, model: Path, python: str = sys.executable
) -> Run:
    """Load the archive that is unpacked at `model`, and send it its batches; `place` is for other files."""
    settings = candidate.settings
    limits: dict[Phase, float] = {
        "starting": max(options.timeout or 0, START_SECONDS),
        "loading": options.timeout or settings.startup_seconds,
        "answering": options.timeout or settings.response_seconds,
    }
    order = place / "order.json"
    order.write_text(
        json.dumps(
            {
                "name": candidate.model_name,
                "handler": candidate.handler,
                "directory": str(model),
                "batch_size": settings.batch_size or max(map(len, candidate.batches), default=1),
                "envelope": options.envelope,
                "device_type": settings.device_type,
                "stand_in": str(STAND_IN),
                "asynchronous": settings.asynchronous,
                "forced": options.stand_in,
                "bare": options.bare,
                "journal": str(place / "journal"),
                "stacks": str(place / "stacks"),
                "limits": limits,
                "requests": write_requests(candidate, place),
                "batches": candidate.batches,
            }
        ),
        encoding="utf-8",
    )
    run = Run(place / "journal")
    process = Process(
        [python, str(SCRIPT), str(order)],
        directory=model,
        environ=worker_environ(model, candidate.handler, place / "tmp", options.environ),
        log=place / "worker.log",
        stop=options.stop,
    )
    with process:
        while not run.ended:
            limit = limits[run.phase]
            try:
                process.wait(limit + GRACE, run.read_new)
            except TimedOutError:
                run.limit = limit
            status = process.status
            if status is not None and not run.read_new() and not run.ended:
                run.status = status
    run.output = process.output()
    if run.phase != "done" and run.error is None:
        run.error = read_stacks(place / "stacks", model)
    elif run.error and run.error.type == "SystemExit":
        run.error = replace(run.error, printed=last_line(run.output))
    return run


def write_requests(candidate: Candidate, place: Path) -> list[dict[str, str]]:
    requests = []
    for number, request in enumerate(candidate.requests):
        file = place / f"request-{number}"
        file.write_bytes(request.data)
        requests.append({"file": str(file), "content_type": request.content_type})
    return requests
