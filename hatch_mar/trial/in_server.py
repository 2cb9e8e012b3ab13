"""A trial through a real TorchServe, from its beginning to its end."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import version
from pathlib import Path

from hatch_mar.archive.formats import Packing
from hatch_mar.trial.candidate import Candidate, Options, batches_of, refuse_runtime
from hatch_mar.trial.examples.answer import Answer
from hatch_mar.trial.server.server import START_SECONDS, Server, message_of
from hatch_mar.trial.tempdir import private_directory
from hatch_mar.trial.verdict import explain
from hatch_mar.trial.verdict.judge import Exchange, judge
from hatch_mar.trial.verdict.report import Report
from hatch_mar.trial.worker.environment import INSTALL_SECONDS
from hatch_mar.trial.worker.error import Told, log_told
from hatch_mar.trial.worker.unpack import unpack

BATCH_DELAY = 500
"""Milliseconds in which the server waits for a batch of several to fill."""

GRACE = 10
"""Seconds that the server may take beyond its worker's limit."""


def serve_archive(candidate: Candidate, options: Options) -> Report:
    """Register an archive with a TorchServe of its own, send it its requests alone and together, and judge.

    Raises:
        TrialError: it cannot be tried at all.
    """
    refuse_runtime(candidate)
    limit = options.timeout or candidate.settings.response_seconds
    properties = {
        "default_response_timeout": str(max(1, round(limit))),
        "install_py_dep_per_model": str(options.requirements).lower(),
        **({"service_envelope": options.envelope} if options.envelope else {}),
    }
    with private_directory() as place:
        store, url = stored(candidate, place)
        with Server(place, store, properties, stop=options.stop, timeout=options.timeout) as server:
            return Session(candidate, options, server, url).report()


def stored(candidate: Candidate, place: Path) -> tuple[Path, str]:
    """A model store with the archive in it, and what the archive is called there.

    A file is served from where it stands. A directory is copied, for TorchServe would link
    to it, and Python leave its caches there.
    """
    if candidate.path and candidate.form.suffix:
        return candidate.path.parent, candidate.path.name
    store = place / "store"
    store.mkdir()
    name = f"{candidate.model_name}{candidate.form.suffix}"
    if candidate.form.suffix:
        candidate.form.write(
            candidate.archive, store / name, Packing(datetime.now(timezone.utc), "store", root=".")
        )
    else:
        unpack(candidate.archive, store / name, modes=True)
    return store, name


class Session:
    """One archive on one server."""

    def __init__(self, candidate: Candidate, options: Options, server: Server, url: str) -> None:
        self.candidate = candidate
        self.options = options
        self.server = server
        self.url = url
        self.limit = options.timeout or candidate.settings.response_seconds
        self.seconds = self.limit + GRACE
        self.read = 0
        """Characters of the server's log that belong to requests before."""

    def report(self) -> Report:
        report = Report(
            self.candidate.name,
            loaded_by=f"TorchServe {version('torchserve')}, torch {version('torch')},"
            f" Python {platform.python_version()}",
            ready_seconds=self.server.ready_seconds,
        )
        began = time.perf_counter()
        fault = self.registered()
        if fault:
            report.faults = [fault]
            report.findings = explain.findings(self.candidate)
        else:
            report.load_seconds = time.perf_counter() - began
            report.device, report.device_note = self.device()
            report.replies, report.faults = judge(self.candidate, self.exchanges())
        report.output = self.server.log()
        return report

    def registered(self, **options: object) -> str | None:
        """Register the archive; the fault, if that fails."""
        limit = self.options.timeout or self.candidate.settings.startup_seconds
        limit += START_SECONDS + (INSTALL_SECONDS if self.options.requirements else 0)
        try:
            answer = self.server.register(self.url, limit, model_name=self.candidate.model_name, **options)
        except OSError:
            return (
                f"{self.candidate.name}: TorchServe had not loaded it after {limit:g} s; `hatch-mar try`"
                " without `--serve` shows where it hangs"
            )
        if answer.status == 200:
            return None
        return self.explained(answer, "while the handler was loaded")

    def device(self) -> tuple[str, str]:
        """What the server gave its worker to run on, and why that."""
        answer = self.server.describe(self.candidate.model_name, self.seconds)
        try:
            on_gpu = answer.value[0]["workers"][0]["gpu"]
        except (LookupError, TypeError):
            return "", ""
        return ("a GPU", "") if on_gpu else ("cpu", "TorchServe found no GPU, or was told to use none")

    def exchanges(self) -> Iterator[Exchange]:
        settings = self.candidate.settings
        for batch in batches_of(len(self.candidate.requests), settings.batch_size):
            if len(batch) > 1 and not settings.batch_size:
                self.server.unregister(self.candidate.model_name, self.seconds)
                fault = self.registered(batch_size=len(batch), max_batch_delay=BATCH_DELAY)
                if fault:
                    yield Exchange(batch, 0.0, refusal=partial(str.format, fault))
                    return
            began = time.perf_counter()
            try:
                answers = self.asked(batch)
            except OSError:
                yield Exchange(batch, time.perf_counter() - began, refusal=self.silent)
                return
            seconds = time.perf_counter() - began
            bad = next((answer for answer in answers if answer.status >= 500), None)
            if bad is None:
                yield Exchange(batch, seconds, answers)
                continue
            dead = "Worker died" in message_of(bad)
            hung = dead and seconds >= self.limit
            yield Exchange(
                batch,
                seconds,
                refusal=self.silent if hung else partial(self.explained, bad, told=self.told()),
            )
            if dead:
                return

    def asked(self, batch: Sequence[int]) -> tuple[Answer, ...]:
        """The answers to requests that are sent at one time.

        Raises:
            OSError: one of them got none.
        """
        requests = [self.candidate.requests[index] for index in batch]
        with ThreadPoolExecutor(len(requests)) as threads:
            try:
                return tuple(
                    threads.map(
                        lambda request: self.server.predict(
                            self.candidate.model_name, request.data, request.content_type, self.seconds
                        ),
                        requests,
                    )
                )
            except KeyboardInterrupt:
                # so that the threads need not wait for their answers
                self.server.process.end()
                raise

    def explained(self, answer: Answer, when: str, told: Told | None = None) -> str:
        """Why the server answered with an error, from its log where that says more than the answer."""
        told = told or self.told()
        if told:
            return explain.raised(self.candidate, self.options, told, when)
        return (
            f"{self.candidate.name}: TorchServe said: {message_of(answer)}{f', {when}' if when else ''};"
            " `hatch-mar try` without `--serve` may say more"
        )

    def silent(self, when: str) -> str:
        return (
            f"{self.candidate.name}: no answer after {self.limit:g} s{f', {when}' if when else ''};"
            " `hatch-mar try` without `--serve` shows where it hangs"
        )

    def told(self) -> Told | None:
        """The worker's error since this was last asked; the server copies its output a little later."""
        for _ in range(20):
            log = self.server.log()
            told = log_told(log[self.read :])
            if told:
                break
            time.sleep(0.05)
        self.read = len(log)
        return told
