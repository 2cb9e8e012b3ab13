"""Why an archive failed, in one line that names the cause and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hatch_mar.checks import check
from hatch_mar.text import count_of, name_of_status
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.environment import is_withheld
from hatch_mar.trial.verdict.import_errors import fix_import
from hatch_mar.trial.worker.error import WorkerError, last_line
from hatch_mar.trial.worker.run import Run

MOST_REASONS = 5
"""Findings of the checks that are shown for an archive that does not load."""

ENDINGS = {
    "SIGKILL": "either the system ran out of memory, or the archive's code killed it",
    "SIGSEGV": "compiled code crashed",
    "SIGABRT": "compiled code aborted",
}
"""What the way in which a process ended says about the reason."""


OF_DICT = re.compile(r"\bdict\b")
"""What is in the message of an error about a dict, and not in one about a state_dict."""


@dataclass(frozen=True)
class Cause:
    """Why an archive was not loaded or a batch was not answered."""

    place: str
    """The line of the archive where it happened, or the archive's name."""
    what: str
    fix: str = ""

    def sentence(self, when: str) -> str:
        return f"{self.place}: {self.what}, {when}{f'; {self.fix}' if self.fix else ''}"


def explain_failure(candidate: Candidate, options: Options, run: Run) -> Cause:
    place = place_of(candidate, run.error or WorkerError())
    if run.limit is not None:
        key = "responseTimeout" if run.phase == "answering" else "startupTimeout"
        fix = f"if it may take that long, raise `{key}` in the model configuration, or `--timeout`"
        return Cause(place, f"still busy after {run.limit:g} s", fix)
    if run.status is not None:
        how = name_of_status(run.status)
        why = ENDINGS.get(how, "it may have called `os._exit`, or failed before the worker could report it")
        last = last_line(run.output) or "nothing"
        return Cause(place, f"the worker's process ended with {how}", f"{why}; it last printed: {last}")
    return explain_error(candidate, options, run.error or WorkerError())


def explain_error(candidate: Candidate, options: Options, error: WorkerError) -> Cause:
    what = error.sentence
    if error.status is not None:
        what += f" (status {error.status})"
    if error.masked:
        what += f" (TorchServe itself would report: {error.masked})"
    if error.printed:
        what += f" (it last printed: {error.printed})"
    return Cause(place_of(candidate, error), what, find_fix(candidate, options, error))


def explain_response(candidate: Candidate, options: Options, answered: dict[str, Any], size: int) -> Cause:
    """Why TorchServe would answer a batch with an error: an exception, or a wrong answer of the handler."""
    if answered["error"]:
        return explain_error(candidate, options, WorkerError.from_journal(answered["error"]))
    returned = answered["returned"] or ""
    if not returned.isdigit():
        what = f"the handler returned a `{returned}`"
        fix = "it must return a list with an answer for each request"
    elif int(returned) != size:
        what = f"the handler returned {count_of(int(returned), 'answer')}"
        fix = "it must return one for each request, in their order"
    else:
        what = answered["message"].rstrip(".")
        fix = "an answer must be bytes, text, a tensor or JSON"
    return Cause(candidate.name, what, fix)


def place_of(candidate: Candidate, error: WorkerError) -> str:
    """The innermost line of the archive's files, or else the archive's name."""
    subject = candidate.subject
    for frame in reversed(error.frames):
        if frame.file in subject.members:
            return str(subject.place(subject.members[frame.file], frame.line))
    return candidate.name


def find_fix(candidate: Candidate, options: Options, error: WorkerError) -> str:
    if error.module:
        return fix_import(candidate, options, error, error.module)
    if ": error: " in error.printed:
        return (
            "a worker's `sys.argv` are TorchServe's own arguments: parse them only under"
            ' `if __name__ == "__main__"`'
        )
    name = error.message.strip("'")
    if error.type == "KeyError" and is_withheld(name, options.environ):
        how = f"pass it with `--env {name}`"
        if options.building:
            how = f"`hatch-mar try --env {name}` passes it on, a build does not"
        return f"the shell has a variable `{name}`, which the archive's code does not see: {how}"
    if candidate.handler == "base_handler" and not options.envelope and OF_DICT.search(error.message):
        return (
            "without an envelope, TorchServe's `base_handler` gets dicts instead of tensors: try"
            " `--envelope body`, and deploy with `service_envelope=body`"
        )
    return ""


def run_checks(candidate: Candidate) -> list[str]:
    """The first errors and warnings of the checks, for an archive that does not load."""
    findings = [finding for finding in check(candidate.subject) if finding.severity != "note"]
    findings.sort(key=lambda finding: finding.severity)
    return [str(finding) for finding in findings[:MOST_REASONS]]
