"""A trial in the worker's process, from beginning to end."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.candidate import Candidate, Options, refuse_runtime
from hatch_mar.trial.tempdir import private_directory
from hatch_mar.trial.verdict.explain import explain_failure, explain_response, run_checks
from hatch_mar.trial.verdict.judge import Exchange, judge, quote_label
from hatch_mar.trial.verdict.report import Report
from hatch_mar.trial.worker.environment import prepare_python
from hatch_mar.trial.worker.run import Run, run_worker
from hatch_mar.trial.worker.unpack import unpack


def try_in_worker(candidate: Candidate, options: Options) -> Report:
    """Load an archive as TorchServe's worker does, send it its requests alone and in batches, and judge."""
    refuse_runtime(candidate)
    with private_directory() as place:
        model = unpack(candidate.archive, place / "model", modes=not candidate.format.suffix)
        python = prepare_python(candidate, options, place, model)
        run = run_worker(candidate, options, place, model, python)
    return make_report(candidate, options, run)


def make_report(candidate: Candidate, options: Options, run: Run) -> Report:
    exchanges = [
        make_exchange(candidate, options, batch, answered)
        for batch, answered in zip(candidate.batches, run.answered)
    ]
    replies, faults = judge(candidate, exchanges)
    if run.phase != "done":
        faults.append(explain_failure(candidate, options, run).sentence(describe_phase(candidate, run)))
    return Report(
        candidate.name,
        loaded_by=describe_loader(run.started) if run.started else "",
        device=run.started.get("device", ""),
        device_note=run.started.get("device_note", ""),
        load_seconds=run.load_seconds,
        peak_memory=run.peaks.get("memory"),
        peak_gpu_memory=run.peaks.get("gpu_memory"),
        replies=replies,
        faults=faults,
        findings=run_checks(candidate) if run.load_seconds is None else [],
        output=run.output,
    )


def make_exchange(
    candidate: Candidate, options: Options, batch: Sequence[int], answered: dict[str, Any]
) -> Exchange:
    if answered["code"] != 200:
        cause = explain_response(candidate, options, answered, len(batch))
        return Exchange(batch, answered["seconds"], cause=cause)
    answers = (
        Answer(b64decode(each["body"]), each["content_type"], each["status"]) for each in answered["answers"]
    )
    return Exchange(batch, answered["seconds"], tuple(answers))


def describe_phase(candidate: Candidate, run: Run) -> str:
    if run.batch is not None:
        return f"on {quote_label(candidate, candidate.batches[run.batch])}"
    return "before loading the handler" if run.phase == "starting" else "while loading the handler"


def describe_loader(started: dict[str, Any]) -> str:
    version = started["torchserve"]
    loader = f"TorchServe {version}'s own loader" if version else "a stand-in for TorchServe's loader"
    torch = f"torch {started['torch']}" if started["torch"] else "no torch"
    return f"{loader}, {torch}, Python {started['python']}"
