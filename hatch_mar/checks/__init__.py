"""Checks for faults that would only show on the server.

There is a module for each part of an archive, with rules and a function `check` that yields
what it finds in a `Subject`. No code of the archive is imported or run, and whatever the archive
holds, a check reads a bounded part of it. Beside these, `configured` checks an archive together
with its configuration, and `archive_file` a file on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from hatch_mar.archive.formats.limits import UNFINISHED
from hatch_mar.budget import TOKENS, Exhausted
from hatch_mar.checks.handler_facts import needs_config
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import ReadError
from hatch_mar.finding import RULES, Finding, Place, Rule
from hatch_mar.text import did_you_mean

CHECKS: Mapping[str, str | None] = {
    "archive_names": None,
    "handler": None,
    "opened_files": "handler",
    "machine_paths": None,
    "pretrained": "handler",
    "model_file": "modelFile",
    "serialized_file": None,
    "wholeness": None,
    "references": None,
    "loading": None,
    "torchscript_needs": None,
    "map_location": None,
    "model_config": "configFile",
    "requirements": "requirementsFile",
    "index_to_name": None,
    "portability": None,
}
"""The modules that check a model, each with the manifest's key without which it has nothing to do."""
WORKFLOW_CHECKS = (
    *("archive_names", "machine_paths", "wholeness", "references", "loading"),
    *("workflow", "portability"),
)
"""Those that check a workflow, whose handler is checked by `workflow`."""


def check(subject: Subject) -> list[Finding]:
    """Everything that is wrong with an archive, in the order of the modules."""
    findings: list[Finding] = []
    ends: dict[str, Exhausted] = {}
    for name in WORKFLOW_CHECKS if subject.manifest.is_of_workflow else CHECKS:
        try:
            if has_work(name, subject):
                for finding in import_module(f"{__name__}.{name}").check(subject):
                    findings.append(finding)
        except Exhausted as reason:
            # without time nothing else can be read either
            ends.setdefault("time" if reason.of_time else reason.unit.name, reason)
        except ReadError as error:
            findings += [finding for finding in error.findings if finding not in findings]
            if not error.findings:
                raise
    findings += [report_end(subject, reason) for reason in ends.values()]
    return [finding for finding in findings if finding.rule.applies_to(subject.consumers)]


def report_end(subject: Subject, reason: Exhausted) -> Finding:
    """Where the checks stopped. The archive's Python runs in any case, so that less is lost with that."""
    place = Place(subject.file_name)
    severity = "note" if reason.unit is TOKENS and not reason.of_time else UNFINISHED.severity
    return UNFINISHED.at(place, f"The archive has {reason}", severity=severity)


def has_work(name: str, subject: Subject) -> bool:
    """Whether a module has anything to check; if not, it is not even imported."""
    key = CHECKS.get(name)
    return not key or key in subject.manifest.model or (name == "model_config" and needs_config(subject))


def rules() -> list[Rule]:
    """All rules by code, of every module that has some: a rule registers itself where it is written."""
    from pkgutil import walk_packages

    for package in ("hatch_mar.archive", "hatch_mar.checks", "hatch_mar.project"):
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    return [RULES[code] for code in sorted(RULES)]


def suggest_code(text: str) -> str:
    """A question with the code that was probably meant; empty if only digits differ, which tells nothing."""
    return did_you_mean(text, [rule.code for rule in rules()], cutoff=0.9)
