"""Files that the handler opens: whether the archive has them.

The worker runs in the model's directory (pytorch/serve, WorkerLifeCycle.java), so that a path that is
not joined to `model_dir` leads there, too. Files that the code asks for before it opens them, makes
or unpacks need not be in the archive, and neither need those that it may not open.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hatch_mar.checks.machine_paths import HOMES, OF_MACHINE
from hatch_mar.checks.opened_files.making import Made
from hatch_mar.checks.opened_files.openers import opened_path
from hatch_mar.checks.references.absent import advise_packing, find_elsewhere
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.names import RESERVED_FOLDERS
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.paths import absolute, member_name
from hatch_mar.text import did_you_mean, quote

NOT_PACKED = Rule(
    code="MAR251",
    severity="warning",
    title="The handler opens a file that the archive does not have",
    consequence="the worker, or the request, fails with `FileNotFoundError` or the like",
    fix="pack it, or open it under the name that it has in the archive",
)

ALIKE = 0.75
"""How much a name must be like a member's to be taken for a misspelling of it."""


def check(subject: Subject) -> Iterator[Finding]:
    """Follow the handler, and report each file once, where it is first opened.

    Raises:
        Exhausted: the handler could not be followed to its end.
    """
    found = (report(subject, path, place) for path, place in find_opened(subject))
    yield from islice(filter(None, found), MOST_FINDINGS)


def find_opened(subject: Subject) -> Iterator[tuple[str, Place]]:
    """The paths that the handler certainly opens, and where it does so first, but for what it makes itself.

    Raises:
        Exhausted: the handler could not be followed to its end.
    """
    made = Made()
    seen: set[str] = set()
    for event in subject.rehearsal:
        path = opened_path(event) if isinstance(event, Call) and event.is_certain else None
        if path and absolute(path) not in seen and not made.may_have(path):
            seen.add(absolute(path))
            yield path, subject.place(event.module.member, event.line)
        made.follow(event)


def report(subject: Subject, path: str, place: Place) -> Finding | None:
    if HOMES.match(path):
        return OF_MACHINE.at(place, f"{quote(path)} is opened, which is in the home folder of one machine")
    name = member_name(path)
    if name is None or has(subject, name) or subject.may_grow:
        return None
    return NOT_PACKED.at(place, describe(subject, name), advise(subject, name))


def has(subject: Subject, name: str) -> bool:
    """Whether the worker finds a file or a folder of this name in the model's directory."""
    known = name in subject.members or name in subject.folders or name == "."
    return known or name.partition("/")[0] in RESERVED_FOLDERS


def describe(subject: Subject, name: str) -> str:
    """What the archive has instead."""
    elsewhere = find_elsewhere(subject, name)
    if elsewhere is None:
        return f"{quote(name)} is opened, but the archive does not have it"
    where = "" if "/" in elsewhere else "at its root "
    return f"{quote(name)} is opened, but the archive has it {where}as {quote(elsewhere)}"


def advise(subject: Subject, name: str) -> str | None:
    """How to pack the project's file of this name, or which one may be meant."""
    if find_elsewhere(subject, name):
        return "open it there, or pack it under this name with `force-include`"
    packing = subject.root and advise_packing(subject, name, subject.root / name)
    return packing or did_you_mean(name, subject.members, cutoff=ALIKE) or None
