"""The differences between two archives, whatever their formats."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hatch_mar.archive.archive import Member
from hatch_mar.archive.digest import sha256
from hatch_mar.archive.formats.reader import read
from hatch_mar.budget import Budget
from hatch_mar.text import format_size

T = TypeVar("T")

SIGNS = {"added": "+", "removed": "-", "changed": "~"}
"""What a line about each change begins with."""


@dataclass(frozen=True)
class Difference:
    """One key of the manifest, or one member, that is not the same in both."""

    what: str
    name: str
    change: str
    """`added`, `removed` or `changed`, as seen from the first archive."""
    before: Any = None
    """The manifest's value or the member's size in bytes; None if it was not there."""
    after: Any = None

    def line(self) -> str:
        return f"{SIGNS[self.change]} {self.what} {self.name}: {self.describe()}"

    def describe(self) -> str:
        """The value or size that was added or removed, or both, before and after the change."""
        form: Callable[[Any], str] = str if self.what == "manifest" else format_size
        if self.change == "added":
            return form(self.after)
        if self.change == "removed":
            return form(self.before)
        before, after = form(self.before), form(self.after)
        if before != after:
            return f"{before} -> {after}"
        if self.before == self.after:
            return f"{after}, with other content"
        return f"{self.before:,} -> {self.after:,} bytes"


def compare(one: Path, other: Path, advance: Callable[[int], object] = int) -> list[Difference]:
    """All differences between two archives, the manifest's first.

    `advance` is called with each number of bytes that were read to compare members.
    """
    budget = Budget()
    with read(one, budget) as a, read(other, budget) as b:
        manifests = find_changes(flatten(a.manifest.document), flatten(b.manifest.document), operator.ne)
        members = find_changes(by_name(a.members), by_name(b.members), partial(differ, advance=advance))
        return [
            *(Difference("manifest", *change) for change in manifests),
            *(
                Difference("member", name, change, old and old.source.size(), new and new.source.size())
                for name, change, old, new in members
            ),
        ]


def find_changes(
    before: Mapping[str, T], after: Mapping[str, T], differ: Callable[[T, T], bool]
) -> Iterator[tuple[str, str, T | None, T | None]]:
    """Every name that is not the same in both, how it changed, and both values."""
    for name in sorted({*before, *after}):
        if name not in before:
            yield name, "added", None, after[name]
        elif name not in after:
            yield name, "removed", before[name], None
        elif differ(before[name], after[name]):
            yield name, "changed", before[name], after[name]


def differ(one: Member, other: Member, advance: Callable[[int], object] = int) -> bool:
    if one.source.size() != other.source.size():
        return True
    return sha256(one.source, advance) != sha256(other.source, advance)


def flatten(document: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's values by dotted key."""
    values: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            values |= {f"{key}.{inner}": deep for inner, deep in flatten(value).items()}
        else:
            values[key] = value
    return values


def by_name(members: tuple[Member, ...]) -> dict[str, Member]:
    """Of duplicates the last, which is the one that TorchServe unpacks."""
    return {member.name: member for member in members}
