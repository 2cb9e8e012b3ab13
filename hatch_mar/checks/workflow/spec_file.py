"""The specification's file: what makes TorchServe refuse all of it, or lose a part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.checks.model_config.file import advise
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule, Severity
from hatch_mar.text import quote, shorten
from hatch_mar.torchserve.model_config import ConfigFault, FaultKind

UNREADABLE = Rule(
    code="MAR852",
    title="TorchServe cannot read the workflow's specification",
    consequence="the registration fails with `Failed to parse yaml` or a Java exception",
    fix="write one YAML document with `models` and `dag`",
)
UNUSED = Rule(
    code="MAR858",
    severity="warning",
    title="A part of the workflow's specification has no effect",
    consequence="TorchServe registers the workflow without it, and says nothing",
    fix="remove it",
)

TEXTS: Mapping[FaultKind, str] = {
    "syntax": "is not YAML: {}",
    "documents": "has {}",
    "value": "has a value that is not plain YAML: {}",
    "empty": "is empty",
    "top-level": "is {}, not a mapping",
    "entangled": "is refused by TorchServe's parser: {}",
    "unchecked": "has {}, too many to be checked",
}


class SpecFile(NamedTuple):
    subject: Subject
    member: Member

    def place(self, line: int | None = None) -> Place:
        return self.subject.place(self.member, line)


def check(file: SpecFile, faults: Iterable[ConfigFault]) -> Iterator[Finding]:
    for fault in islice(faults, MOST_FINDINGS):
        place, problem = file.place(fault.line), shorten(fault.problem, 120)
        if fault.kind == "duplicate":
            text = f"Key {quote(problem)} appears more than once, and TorchServe uses the last one"
            yield UNUSED.at(place, text, "keep one of them")
        else:
            text = f"The workflow's specification {TEXTS[fault.kind].format(problem)}"
            severity: Severity = "warning" if fault.kind == "unchecked" else "error"
            yield UNREADABLE.at(place, text, advise(fault), severity=severity)
