"""Whether files of weights are whole, wherever they are packed: not pointers, cut off or damaged.

A handler opens extra files and packages as it does the weights that the manifest names, so every member
is looked at. A pointer is never what is meant, whatever the file; damage is known of weights alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from hatch_mar.archive.archive import FileSource, Member
from hatch_mar.checks.many import show_first
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule, Severity
from hatch_mar.text import quote
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.weights import Weights
from hatch_mar.weights.weights_suffixes import OF_WEIGHTS

POINTER = Rule(
    code="MAR403",
    title="A file is a pointer to the real one",
    consequence="the worker dies when it reads the text as weights",
    fix="fetch the real file and build again",
)
NO_WEIGHTS = Rule(
    code="MAR404",
    title="A file of weights contains none",
    consequence="the worker dies when it reads the file",
    fix="save or download the weights again",
)
DAMAGED = Rule(
    code="MAR405",
    title="Weights are damaged",
    consequence="torch refuses them, or loads other numbers than those that were saved",
    fix="save or copy them again, and compare the sizes",
)
POINTERS = {
    Kind.LFS_POINTER: "run `git lfs pull` and build again",
    Kind.ANNEX_POINTER: "run `git annex get` and build again",
    Kind.DVC_FILE: "run `dvc pull`, and pack the file that DVC brings",
}
"""What fetches the real file."""
ARTICLES = {Kind.EMPTY: "an", Kind.HTML: "a"}
DAMAGES = (Kind.TRUNCATED, Kind.CORRUPT)
DVC = ".dvc"
"""The suffix of a file that belongs beside the one that it describes (https://dvc.org/doc)."""


class Fault(NamedTuple):
    """What makes a file useless to every loader."""

    rule: Rule
    text: str
    """What the file is: "an empty file"."""
    fix: str


def find_fault(weights: Weights) -> Fault | None:
    """What no handler could load."""
    kind, description = weights.kind, weights.describe()
    if kind in POINTERS:
        return Fault(POINTER, f"a {description}", POINTERS[kind])
    if kind in ARTICLES:
        return Fault(NO_WEIGHTS, f"{ARTICLES[kind]} {description}", NO_WEIGHTS.fix)
    if kind in DAMAGES:
        return Fault(DAMAGED, description, DAMAGED.fix)
    if weights.damage:
        return Fault(DAMAGED, f"damaged: {weights.damage[0]}", DAMAGED.fix)
    return None


def check(subject: Subject) -> Iterator[Finding]:
    """The faults of all members but the weights of the manifest, about which more is known."""
    own = subject.named_member("serializedFile")
    found = (
        (member.name, finding)
        for member in subject.archive.members
        if member != own
        for finding in check_member(subject, member)
    )
    yield from show_first(subject, found)


def check_member(subject: Subject, member: Member) -> Iterator[Finding]:
    if member.name.endswith(DVC):
        yield from check_dvc(subject, member)
        return
    weights = subject.weights(member)
    fault = find_fault(weights)
    if fault and (fault.rule is POINTER or has_weights_suffix(member.name)):
        place, text = subject.place(member), f"{quote(member.name)} is {fault.text}"
        # an empty file may stand in for weights that nobody loads
        severity: Severity = "note" if weights.kind is Kind.EMPTY else "warning"
        yield fault.rule.at(place, text, fault.fix, severity=severity)


def check_dvc(subject: Subject, member: Member) -> Iterator[Finding]:
    """Weights that DVC has not brought. Those that are there may be left out on purpose."""
    name = member.name.removesuffix(DVC)
    if not has_weights_suffix(name) or name in subject.members or not isinstance(member.source, FileSource):
        return
    if subject.root and not member.source.path.with_suffix("").exists():
        text = f"{quote(name)} is not packed, but only {quote(member.name)}, which stands for it"
        yield POINTER.at(subject.place(member), text, "run `dvc pull` and build again", severity="warning")


def has_weights_suffix(name: str) -> bool:
    return PurePosixPath(name.lower()).suffix in OF_WEIGHTS
