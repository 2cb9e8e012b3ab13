"""Pretrained models that the handler loads by itself, from the internet or from a folder of the archive.

Only calls that certainly happen are looked at, and arguments that are all known.
"""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.opened_files.making import Made
from hatch_mar.checks.pretrained import downloads, folders
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding
from hatch_mar.pysource.rehearsal.events import Call


def check(subject: Subject) -> Iterator[Finding]:
    """Follow the handler, and report each line once.

    Raises:
        Exhausted: the handler could not be followed to its end.
    """
    yield from dict.fromkeys(find_all(subject))


def find_all(subject: Subject) -> Iterator[Finding]:
    made = Made()
    for event in subject.rehearsal:
        found: list[Finding] = []
        if isinstance(event, Call) and event.is_certain and event.is_whole:
            found = [*downloads.check_call(subject, event, made), *folders.check_call(subject, event, made)]
        yield from found
        if not found or "local_dir" in getattr(event, "keywords", ()):
            # what has been told of is kept elsewhere
            made.follow(event)
