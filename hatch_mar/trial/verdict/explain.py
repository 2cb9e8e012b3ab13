"""Why an archive failed, in one line that names the cause and what to do."""

from __future__ import annotations

from typing import Any

from hatch_mar.checks import check
from hatch_mar.torchserve.packages import Environment
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.process import ending
from hatch_mar.trial.worker.error import Told
from hatch_mar.trial.worker.run import Failure, Run

MOST_FINDINGS = 5

ENDINGS = {
    "SIGKILL": "the system killed it for want of memory, or its own code did",
    "SIGSEGV": "compiled code crashed",
    "SIGABRT": "compiled code gave up",
}
"""What is known of a process that ended by itself."""


def failed(candidate: Candidate, options: Options, run: Run, asked: str) -> str:
    """Why a worker did not come to its end, `asked` being the batch it was at."""
    failure = run.failure or Failure("starting", None)
    told = failure.told or Told()
    when = {"starting": "before the handler was loaded", "loading": "while the handler was loaded"}.get(
        failure.phase, f"on {asked}"
    )
    if failure.seconds is not None:
        return placed(candidate, told, hung(failure.phase == "answering", when, failure.seconds))
    if failure.status is not None:
        how = ending(failure.status)
        why = ENDINGS.get(how, "an error before its own, `os._exit`, or compiled code")
        lines = run.output.split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        message = f"the worker's process ended {when}, with {how}: {why}; it last printed: {last}"
        return placed(candidate, told, message)
    return raised(candidate, options, told, when)


def hung(answering: bool, when: str, seconds: float) -> str:
    key = "responseTimeout" if answering else "startupTimeout"
    return (
        f"still busy after {seconds:g} s, {when}; if it may take that long, raise"
        f" `{key}` in the model configuration, or `--timeout`"
    )


def raised(candidate: Candidate, options: Options, told: Told, when: str) -> str:
    """An exception, and what to do about it where that is known."""
    status = f" (status {told.status})" if told.status is not None else ""
    fix = advice(candidate, options, told)
    message = f"{told.sentence}{status}{f', {when}' if when else ''}{f'; {fix}' if fix else ''}"
    if told.masked:
        message += f" (TorchServe itself would say: {told.masked})"
    return placed(candidate, told, message)


def refused(candidate: Candidate, options: Options, answered: dict[str, Any], size: int, when: str) -> str:
    """A batch that TorchServe would answer with an error: what it hides, or what it found wrong itself."""
    if answered["error"]:
        return raised(candidate, options, Told.from_journal(answered["error"]), when)
    given = answered["returned"] or ""
    if not given.isdigit():
        what = f"the handler gave a `{given}`"
        fix = "it must give a list with an answer for each request"
    elif int(given) != size:
        what = f"the handler gave {given} answer{'' if given == '1' else 's'} to a batch of {size}"
        when = when if size == 1 else ""
        fix = "it must give one for each request, in their order"
    else:
        what = answered["message"].rstrip(".")
        fix = "an answer must be bytes, text, a tensor or JSON"
    return placed(candidate, Told(), f"{what}{f', {when}' if when else ''}; {fix}")


def placed(candidate: Candidate, told: Told, message: str) -> str:
    """A message after the archive's line that it comes from, or else after the archive's name."""
    subject = candidate.subject
    for frame in reversed(told.frames):
        if frame.file in subject.members:
            return f"{subject.place(subject.members[frame.file], frame.line)}: {message}"
    return f"{candidate.name}: {message}"


def advice(candidate: Candidate, options: Options, told: Told) -> str | None:
    if told.module:
        return missing(candidate, options, told, told.module)
    if candidate.handler == "base_handler" and not options.envelope and not told.frames:
        return (
            "without an envelope TorchServe's `base_handler` gets dicts and no tensors: try"
            " `--envelope body`, and deploy with `service_envelope=body`"
        )
    return None


def missing(candidate: Candidate, options: Options, told: Told, module: str) -> str:
    """What to do about a module that could not be imported."""
    top = module.partition(".")[0]
    if top == "ts":
        return "TorchServe on this machine has none; without torchserve, only `base_handler` has a stand-in"
    if top == "torch":
        where = "`build-system.requires` needs `hatch-mar[torch]`"
        return where if options.building else "install it: pip install 'hatch-mar[torch]'"
    if options.building:
        return (
            f"pack it, or have the build install what brings `{top}`: `dependencies` of"
            " `[tool.hatch.build.hooks.mar]`, or `build-system.requires`"
        )
    file = candidate.requirements
    if file and file in candidate.subject.members and not options.requirements:
        data = candidate.subject.text(candidate.subject.members[file])
        if Environment(data).brings(top):
            return f"`{file}` names it: `--requirements` installs that for the trial"
    if not told.frames and not told.masked:
        return f"TorchServe imports it without asking for it: pip install {top}"
    return "pack it into the archive, or name it in its requirements and try with `--requirements`"


def findings(candidate: Candidate) -> list[str]:
    """What the checks have to say of an archive that does not load."""
    found = sorted(check(candidate.subject), key=lambda finding: finding.severity)
    return [str(finding) for finding in found[:MOST_FINDINGS]]
