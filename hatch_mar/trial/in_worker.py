"""A trial in the worker's process, from its beginning to its end."""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hatch_mar.trial.candidate import Candidate, Options, batches_of, refuse_runtime
from hatch_mar.trial.examples.answer import Answer
from hatch_mar.trial.tempdir import private_directory
from hatch_mar.trial.verdict import explain
from hatch_mar.trial.verdict.judge import Exchange, judge, named
from hatch_mar.trial.verdict.report import Report
from hatch_mar.trial.worker.environment import INSTALL_SECONDS, install, worker_environ
from hatch_mar.trial.worker.run import Run, run
from hatch_mar.trial.worker.unpack import unpack


def try_archive(candidate: Candidate, options: Options) -> Report:
    """Load an archive as TorchServe's worker does, ask it its requests alone and together, and judge.

    Raises:
        TrialError: it cannot be tried at all.
    """
    refuse_runtime(candidate)
    batches = batches_of(len(candidate.requests), candidate.settings.batch_size)
    with private_directory() as place:
        model = unpack(candidate.archive, place / "model", modes=not candidate.form.suffix)
        python = python_for(candidate, options, place, model)
        done = run(candidate, options, place, model, batches, python=python)
    return report_of(candidate, options, batches, done)


def python_for(candidate: Candidate, options: Options, place: Path, model: Path) -> str:
    """The Python to run the worker with, after what the archive requires was installed for it if asked."""
    if not options.requirements or not candidate.requirements:
        return sys.executable
    return install(
        model,
        candidate.requirements,
        place,
        venv=candidate.settings.venv,
        environ=worker_environ(model, candidate.handler, place / "tmp"),
        stop=options.stop,
        seconds=max(options.timeout or 0, INSTALL_SECONDS),
    )


def report_of(candidate: Candidate, options: Options, batches: Sequence[Sequence[int]], done: Run) -> Report:
    exchanges = [
        exchange(candidate, options, batch, answered) for batch, answered in zip(batches, done.answered)
    ]
    replies, faults = judge(candidate, exchanges)
    if done.failure:
        at = done.failure.batch
        asked = "" if at is None else named(candidate, batches[at])
        faults.append(explain.failed(candidate, options, done, asked))
    return Report(
        candidate.name,
        loaded_by=loaded_by(done.started) if done.started else "",
        device=done.started.get("device", ""),
        device_note=done.started.get("device_note", ""),
        load_seconds=done.load_seconds,
        replies=replies,
        memory=done.peaks.get("memory"),
        gpu_memory=done.peaks.get("gpu_memory"),
        faults=faults,
        findings=explain.findings(candidate) if done.load_seconds is None else [],
        output=done.output,
    )


def exchange(
    candidate: Candidate, options: Options, batch: Sequence[int], answered: dict[str, Any]
) -> Exchange:
    if answered["code"] != 200:
        refusal = partial(explain.refused, candidate, options, answered, len(batch))
        return Exchange(batch, answered["seconds"], refusal=refusal)
    answers = (
        Answer(b64decode(each["body"]), each["content_type"], each["status"]) for each in answered["answers"]
    )
    return Exchange(batch, answered["seconds"], tuple(answers))


def loaded_by(started: dict[str, Any]) -> str:
    version = started["torchserve"]
    loader = f"TorchServe {version}'s own loader" if version else "a stand-in for TorchServe's loader"
    torch = f"torch {started['torch']}" if started["torch"] else "no torch"
    return f"{loader}, {torch}, Python {started['python']}"
