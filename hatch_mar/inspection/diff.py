"""Two archives side by side, whatever their containers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hatch_mar.archive.archive import Member, sha256
from hatch_mar.archive.formats.reader import read

T = TypeVar("T")

MARKS = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True)
class Difference:
    """One key of the manifest, or one member, that is not the same in both."""

    what: str
    """`manifest` or `member`."""
    name: str
    change: str
    """`added`, `removed` or `changed`, seen from the first archive."""
    before: Any = None
    """The manifest's value or the member's size in bytes, or None where it was not."""
    after: Any = None

    def line(self) -> str:
        values = {
            "added": f"{self.after}",
            "removed": f"{self.before}",
            "changed": f"{self.before} -> {self.after}",
        }
        unit = " bytes" if self.what == "member" else ""
        return f"{MARKS[self.change]} {self.what} {self.name}: {values[self.change]}{unit}"

    def to_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "name": self.name,
            "change": self.change,
            "before": self.before,
            "after": self.after,
        }


def compare(one: Path, other: Path) -> list[Difference]:
    """All differences between two archives; none, and they serve the same.

    Raises:
        ReadError: one of them is no archive.
    """
    with read(one) as a, read(other) as b:
        manifests = changes(flat(a.manifest.document), flat(b.manifest.document), operator.ne)
        members = changes(by_name(a.members), by_name(b.members), differ)
        return [
            *(Difference("manifest", *change) for change in manifests),
            *(Difference("member", name, change, size(old), size(new)) for name, change, old, new in members),
        ]


def changes(
    before: Mapping[str, T], after: Mapping[str, T], differ: Callable[[T, T], bool]
) -> Iterator[tuple[str, str, T | None, T | None]]:
    """Every name that is not the same in both, how it changed, and what it was and is."""
    for name in sorted({*before, *after}):
        if name not in before:
            yield name, "added", None, after[name]
        elif name not in after:
            yield name, "removed", before[name], None
        elif differ(before[name], after[name]):
            yield name, "changed", before[name], after[name]


def differ(one: Member, other: Member) -> bool:
    """Sizes first: most members that differ need not be read."""
    return one.source.size() != other.source.size() or sha256(one) != sha256(other)


def size(member: Member | None) -> int | None:
    return member.source.size() if member else None


def flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's values by dotted key."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            found |= {f"{key}.{inner}": deep for inner, deep in flat(value).items()}
        else:
            found[key] = value
    return found


def by_name(members: tuple[Member, ...]) -> dict[str, Member]:
    """Of duplicates the last, which is what TorchServe unpacks."""
    return {member.name: member for member in members}
