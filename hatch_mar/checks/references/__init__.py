"""Files that name other files, which must be packed where they say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from hatch_mar.archive.archive import Member
from hatch_mar.checks.many import show_first
from hatch_mar.checks.references import external_data, numbered, sentence_modules, shards
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    found = (
        (member.name, finding)
        for member in subject.members.values()
        for finding in check_member(subject, member)
    )
    yield from show_first(subject, chain(found, numbered.check(subject)))


def check_member(subject: Subject, member: Member) -> Iterator[Finding]:
    yield from external_data.check(subject, member)
    yield from shards.check(subject, member)
    yield from sentence_modules.check(subject, member)
