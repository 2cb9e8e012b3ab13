"""The files of a repository that an archive needs because its handler opens them, or has others do so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from hatch_mar.budget import Exhausted
from hatch_mar.checks.opened_files import find_opened, has
from hatch_mar.checks.subject import Subject
from hatch_mar.proposal.draft import Table, add, as_subject
from hatch_mar.proposal.neighbours import find_nearest
from hatch_mar.proposal.repository import Repository
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, member_name


def add_opened(table: Table, repository: Repository, homes: Iterable[str]) -> None:
    """Add what the handler opens, as far as it lies in or above one of the folders `homes`."""
    subject = as_subject(table, repository.root)
    try:
        opened = [path for path, _ in find_opened(subject)]
        passed = [*find_passed(subject)]
    except Exhausted:  # the handler is too long
        return
    for name in dict.fromkeys(map(member_name, (*opened, *passed))):
        if name is None or has(subject, name):
            continue
        found = file = find_nearest((name,), homes, repository.has)
        if name in map(member_name, opened) and not file:
            found = find_nearest((name,), homes, lambda path: os.path.isdir(repository.root / path))
        if file and "/" not in name:
            add(table, "extra-files", file)
        elif found:
            included = table.setdefault("force-include", {})
            assert isinstance(included, dict)
            included[found] = name


def find_passed(subject: Subject) -> Iterator[str]:
    """The paths in the model's directory that the handler passes to any function."""
    for event in subject.rehearsal:
        if isinstance(event, Call):
            for value in (*event.args, *event.keywords.values()):
                if isinstance(value, str) and value.startswith(f"{MODEL_DIR}/"):
                    yield value
