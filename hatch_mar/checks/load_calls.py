"""Which of its files the archive's own code certainly loads, and by which calls."""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.archive.archive import Member
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.paths import member_name
from hatch_mar.pysource.rehearsal.values import Result

LOADERS = ("torch.load", "torch.jit.load", "pickle.load", "joblib.load")


def find_load_calls(subject: Subject, member: Member) -> Iterator[Call]:
    """The calls that certainly load a member, by its path or as a file that was opened by it.

    Raises:
        Exhausted: the handler could not be followed to its end.
    """
    for event in subject.rehearsal:
        if isinstance(event, Call) and event.is_certain and event.name in LOADERS:
            file = event.argument(0, "f")
            path = file.text if isinstance(file, Result) else file
            if isinstance(path, str) and member_name(path) == member.name:
                yield event


def is_loaded(subject: Subject, member: Member) -> bool:
    return any(find_load_calls(subject, member))
