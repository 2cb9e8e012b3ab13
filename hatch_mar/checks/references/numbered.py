"""Shards whose names tell how many there are, as those of GGUF do, and no index does.

`llama_split_path` of llama.cpp, and `save_pretrained` of transformers, count from one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.checks.references.absent import advise
from hatch_mar.checks.references.shards import MISSING, SUFFIX
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding
from hatch_mar.text import MOST_NAMES, and_more, quote, quote_some
from hatch_mar.weights.weights_suffixes import OF_WEIGHTS

NUMBERED = re.compile(r"(.+)-([0-9]{5})-of-([0-9]{5})(\.\w+)", re.DOTALL)


class Group(NamedTuple):
    """Shards of one model."""

    stem: str
    total: int
    suffix: str

    def name(self, number: int) -> str:
        return f"{self.stem}-{number:05}-of-{self.total:05}{self.suffix}"


def check(subject: Subject) -> Iterator[tuple[str, Finding]]:
    """What is missing, with the name of a shard that is not."""
    groups: dict[Group, dict[int, Member]] = {}
    for member in subject.members.values():
        found = NUMBERED.fullmatch(member.name)
        if found and found[4] in OF_WEIGHTS and 0 < int(found[2]) <= int(found[3]):
            groups.setdefault(Group(found[1], int(found[3]), found[4]), {})[int(found[2])] = member
    for group, shards in groups.items():
        has_index = f"{group.stem}{group.suffix}{SUFFIX}" in subject.members
        if not has_index and len(shards) < group.total:
            member = next(iter(shards.values()))
            yield member.name, report(subject, group, shards, member)


def report(subject: Subject, group: Group, shards: dict[int, Member], member: Member) -> Finding:
    absent = (number for number in range(1, group.total + 1) if number not in shards)
    first = [group.name(number) for number in islice(absent, MOST_NAMES)]
    others = group.total - len(shards) - len(first)
    text = f"{quote(member.name)} is one of {group.total} shards, and the archive lacks {quote_some(first)}"
    paths = [posixpath.basename(name) for name in first]
    fix = None if others else advise(subject, member, paths)
    return MISSING.at(subject.place(member), text + and_more(others), fix)
