"""The files of a repository that an archive needs because its handler opens them, or has others do so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from hatch_mar.budget import Exhausted
from hatch_mar.checks.opened_files import find_opened, has
from hatch_mar.checks.subject import Subject
from hatch_mar.proposal.draft import Table, add, as_subject
from hatch_mar.proposal.hub_folders import READ
from hatch_mar.proposal.neighbours import find_nearest
from hatch_mar.proposal.repository import Repository, folder_of
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR, absolute, member_name


def add_opened(table: Table, repository: Repository, homes: Sequence[str]) -> None:
    """Add what the handler opens, as far as it lies in or above one of the folders `homes`.

    The first of them is the model's, where the files of a tokenizer lie.
    """
    subject = as_subject(table, repository.root)
    try:
        opened = [path for path, _ in find_opened(subject)]
        passed = [*find_passed(subject)]
    except Exhausted:  # the handler is too long
        return
    for path in repository.files if MODEL_DIR in passed else ():
        if folder_of(path) == homes[0] and READ.fullmatch(PurePosixPath(path).name):
            add(table, "extra-files", path)
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
    """The paths in the model's directory that the handler passes to any function.

    That of the directory itself is among them if it is passed to `from_pretrained`.
    """
    for event in subject.rehearsal:
        if isinstance(event, Call):
            is_pretrained = event.name.endswith(".from_pretrained")
            for value in (*event.args, *event.keywords.values()):
                if not isinstance(value, str):
                    continue
                if value.startswith(f"{MODEL_DIR}/") or (is_pretrained and absolute(value) == MODEL_DIR):
                    yield absolute(value)
