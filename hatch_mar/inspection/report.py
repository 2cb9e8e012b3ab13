"""What is in an archive, without unpacking it or running its code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from hatch_mar.archive.archive import Member, Source
from hatch_mar.archive.digest import content_digest, sha256
from hatch_mar.archive.filesystem.walk import files_of
from hatch_mar.archive.formats.packed_names import DUPLICATE
from hatch_mar.archive.formats.reader import Container, open_container
from hatch_mar.archive.manifest import Manifest
from hatch_mar.budget import Budget, Exhausted
from hatch_mar.errors import ReadError
from hatch_mar.inspection.contents import inspect_contents
from hatch_mar.inspection.diff import flatten
from hatch_mar.names import name_fault
from hatch_mar.text import escape
from hatch_mar.weights.kind import Kind
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.weights import Weights

NOT_WEIGHTS = (Kind.UNKNOWN, Kind.EMPTY, Kind.HTML)
"""What most files of an archive are."""


@dataclass(frozen=True)
class MemberReport:
    name: str
    size: int
    stored: str
    """How it is stored: `stored`, `deflated`, `tgz`, ..."""
    packed: int | None
    """Bytes it takes in the archive; None if members share one stream."""
    sha256: str | None
    weights: str | None
    """What kind of weights it is, if its bytes are those of any."""
    loadings: tuple[Loading, ...] = ()
    """What loaders would import and do."""

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "loadings": [loading.to_json() for loading in self.loadings]}


@dataclass(frozen=True)
class Inspection:
    path: Path
    kind: str
    size: int
    manifest: Manifest | None
    members: tuple[MemberReport, ...]
    content_digest: str | None
    faults: tuple[str, ...]
    """Why TorchServe would not load the archive as it is, and what could not be read."""

    def manifest_values(self) -> Iterator[tuple[str, Any]]:
        """The manifest's values by key, without the table that they are in."""
        if self.manifest:
            for key, value in flatten(self.manifest.document).items():
                yield key.rpartition(".")[2], value

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "kind": self.kind,
            "size": self.size,
            "content_digest": self.content_digest,
            "manifest": self.manifest and self.manifest.document,
            "members": [member.to_json() for member in self.members],
            "faults": list(self.faults),
        }


def inspect(path: Path, budget: Budget | None = None, advance: Callable[[int], object] = int) -> Inspection:
    """What is in the archive at `path`, every member of which is read once, for its digest.

    `advance` is called with each number of bytes that were read.

    As many members as `budget` allows are also looked into.

    Raises:
        ReadError: it cannot be read at all.
    """
    budget = budget or Budget()
    with open_container(path, budget) as container:
        size = sum(file.stat().st_size for file in files_of(path))
        faults = [str(finding) for finding in container.findings if finding.rule is not DUPLICATE]
        faults += find_name_faults(container.members)
        digest_of = cache(partial(sha256, advance=advance))
        found = inspect_all(container.members, budget, faults)
        members = tuple(
            inspect_member(container, member, digest_of, found.get(member)) for member in container.members
        )
        manifest = content = None
        try:
            archive = container.archive()
            manifest = archive.manifest
            content = content_digest(archive, digest_of)
        except ReadError as error:
            faults += error.faults
        return Inspection(path, container.kind, size, manifest, members, content, tuple(faults))


def inspect_member(
    container: Container,
    member: Member,
    digest_of: Callable[[Source], bytes],
    weights: Weights | None,
) -> MemberReport:
    """What is known of a member."""
    stored, packed = container.storage(member)
    return MemberReport(
        name=member.name,
        size=member.source.size(),
        stored=stored,
        packed=packed,
        sha256=digest_of(member.source).hex(),
        weights=weights.describe() if weights and weights.kind not in NOT_WEIGHTS else None,
        loadings=weights.loadings if weights else (),
    )


def inspect_all(members: Iterable[Member], budget: Budget, faults: list[str]) -> dict[Member, Weights]:
    """What members are by their bytes, as far as the budget reaches. Where it ends is added to the faults."""
    found: dict[Member, Weights] = {}
    for member in members:
        try:
            found[member] = inspect_contents(member, budget)
        except Exhausted as error:
            faults.append(f"Not looked into from `{escape(member.name)}` on: {error}")
            break
    return found


def find_name_faults(members: tuple[Member, ...]) -> Iterator[str]:
    for name, count in Counter(member.name for member in members).items():
        if count > 1:
            yield f"Archive member `{escape(name)}` occurs {count} times; TorchServe takes the last"
        if (fault := name_fault(name)) and not name.startswith(("MAR-INF/", "WAR-INF/")):
            yield f"Archive member `{escape(name)}` {fault}"
