"""A trial through a real TorchServe, from beginning to end."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from hatch_mar.archive.formats.options import Packing
from hatch_mar.torchserve.answer import Answer
from hatch_mar.torchserve.client import message_of
from hatch_mar.trial.candidate import Candidate, Options, refuse_runtime
from hatch_mar.trial.process import START_SECONDS
from hatch_mar.trial.server.log import find_error
from hatch_mar.trial.server.server import Server
from hatch_mar.trial.tempdir import private_directory
from hatch_mar.trial.verdict.explain import Cause, explain_error, run_checks
from hatch_mar.trial.verdict.judge import Exchange, judge
from hatch_mar.trial.verdict.report import Report
from hatch_mar.trial.worker.environment import INSTALL_SECONDS
from hatch_mar.trial.worker.error import WorkerError
from hatch_mar.trial.worker.unpack import unpack

BATCH_DELAY = 500
"""Milliseconds that the server waits for a larger batch to fill."""

GRACE = 10
"""Seconds that the server may take beyond its worker's limit."""


def try_in_server(candidate: Candidate, options: Options) -> Report:
    """Register an archive with a new TorchServe, send it its requests alone and in batches, and judge."""
    refuse_runtime(candidate)
    limit = options.timeout or candidate.settings.response_seconds
    properties = {
        "default_response_timeout": str(max(1, round(limit))),
        "install_py_dep_per_model": str(options.requirements).lower(),
        **({"service_envelope": options.envelope} if options.envelope else {}),
    }
    with private_directory() as place:
        store, name = put_in_store(candidate, place)
        with Server(place, store, properties, options.stop, options.timeout, options.environ) as server:
            return Session(candidate, options, server, name).run()


def put_in_store(candidate: Candidate, place: Path) -> tuple[Path, str]:
    """A model store that has the archive, and the archive's name there.

    A file is served from its own directory. A directory is copied, since TorchServe would
    link to it, and Python would leave its caches there.
    """
    if candidate.path and candidate.format.suffix:
        return candidate.path.parent, candidate.path.name
    store = place / "store"
    store.mkdir()
    name = f"{candidate.model_name}{candidate.format.suffix}"
    if candidate.format.suffix:
        packing = Packing(datetime.now(timezone.utc), "store", root=".")
        candidate.format.write(candidate.archive, store / name, packing)
    else:
        unpack(candidate.archive, store / name, modes=True)
    return store, name


@dataclass
class Session:
    candidate: Candidate
    options: Options
    server: Server
    url: str
    """The archive's name in the model store."""
    offset: int = 0
    """Characters of the server's log that belong to earlier requests."""

    @property
    def limit(self) -> float:
        return self.options.timeout or self.candidate.settings.response_seconds

    def run(self) -> Report:
        report = Report(
            self.candidate.name,
            loaded_by=f"TorchServe {version('torchserve')}, torch {version('torch')},"
            f" Python {platform.python_version()}",
            ready_seconds=self.server.ready_seconds,
        )
        began = time.perf_counter()
        cause = self.register()
        if cause:
            report.faults = [cause.sentence("while loading the handler")]
            report.findings = run_checks(self.candidate)
        else:
            report.load_seconds = time.perf_counter() - began
            report.device, report.device_note = self.find_device()
            report.replies, report.faults = judge(self.candidate, self.exchange_all())
        report.output = self.server.log()
        return report

    def register(self, **parameters: object) -> Cause | None:
        """Register the archive; returns the cause if that fails."""
        limit = self.options.timeout or self.candidate.settings.startup_seconds
        limit += START_SECONDS + (INSTALL_SECONDS if self.options.requirements else 0)
        try:
            answer = self.server.management.register(
                self.url, limit, model_name=self.candidate.model_name, **parameters
            )
        except OSError:
            return self.describe_silence(limit)
        return None if answer.status == 200 else self.explain(answer)

    def find_device(self) -> tuple[str, str]:
        answer = self.server.management.describe(self.candidate.model_name, self.limit + GRACE)
        try:
            on_gpu = answer.value[0]["workers"][0]["gpu"]
        except (LookupError, TypeError):
            return "", ""
        return ("a GPU", "") if on_gpu else ("cpu", "TorchServe found no GPU, or `number_of_gpu=0` is set")

    def exchange_all(self) -> Iterator[Exchange]:
        """Send the batches one after the other, until the worker dies or hangs."""
        for batch in self.candidate.batches:
            if len(batch) > 1 and not self.candidate.settings.batch_size:
                self.server.management.unregister(self.candidate.model_name, self.limit + GRACE)
                cause = self.register(batch_size=len(batch), max_batch_delay=BATCH_DELAY)
                if cause:
                    cause = replace(cause, what=f"{cause.what}, while loading the handler again")
                    yield Exchange(batch, 0.0, cause=cause)
                    return
            exchange, alive = self.exchange(batch)
            yield exchange
            if not alive:
                return

    def exchange(self, batch: Sequence[int]) -> tuple[Exchange, bool]:
        """Send a batch; what came back, and whether the worker still answers."""
        hung = self.describe_silence(self.limit)
        began = time.perf_counter()
        try:
            answers = self.send(batch)
        except OSError:
            return Exchange(batch, time.perf_counter() - began, cause=hung), False
        seconds = time.perf_counter() - began
        failed = next((answer for answer in answers if answer.status >= 500), None)
        if failed is None:
            return Exchange(batch, seconds, answers), True
        died = "Worker died" in message_of(failed)
        cause = hung if died and seconds >= self.limit else self.explain(failed)
        return Exchange(batch, seconds, cause=cause), not died

    def send(self, batch: Sequence[int]) -> tuple[Answer, ...]:
        """The answers to requests that are sent at the same time."""

        def ask(index: int) -> Answer:
            model, request = self.candidate.model_name, self.candidate.requests[index]
            predict = self.server.inference.predict
            return predict(model, request.data, request.content_type, self.limit + GRACE)

        with ThreadPoolExecutor(len(batch)) as threads:
            try:
                return tuple(threads.map(ask, batch))
            except KeyboardInterrupt:
                # so that the threads do not wait for their answers
                self.server.process.end()
                raise

    def explain(self, answer: Answer) -> Cause:
        """Why the server answered with an error, from its log if that says more than the answer."""
        if error := self.read_error():
            return explain_error(self.candidate, self.options, error)
        what = f"TorchServe said: {message_of(answer)}"
        return Cause(self.candidate.name, what, "`hatch-mar try` without `--serve` may say more")

    def describe_silence(self, seconds: float) -> Cause:
        what = f"no answer after {seconds:g} s"
        return Cause(self.candidate.name, what, "`hatch-mar try` without `--serve` shows where it hangs")

    def read_error(self) -> WorkerError | None:
        """The worker's error since this was last called; the server logs it a little after its answer."""
        for _ in range(20):
            log = self.server.log()
            error = find_error(log[self.offset :])
            if error:
                break
            time.sleep(0.05)
        self.offset = len(log)
        return error
