"""What `hatch-mar build --dry-run` shows: what a build would write, from what, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hatch_mar.archive.archive import BytesSource, FileSource, Member
from hatch_mar.build.plan import Planned
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.text import format_size, show_path


def describe_plan(planned: Planned) -> dict[str, Any]:
    """An archive that a build would write, as JSON."""
    config, change = planned.config, planned.find_change()
    return {
        "name": config.name,
        "version": config.version if isinstance(config, ArchiveConfig) else None,
        "path": str(planned.path),
        "unchanged": change is None,
        "reason": change,
        "members": [
            {"name": member.name, "size": member.source.size(), "source": source_of(member, planned)}
            for member in planned.archive.entries()
        ],
    }


def plan_lines(planned: Planned) -> Iterator[str]:
    """An archive that a build would write, as people read it."""
    change = planned.find_change()
    if change:
        yield f"{planned.path} would be packed: {change}"
    else:
        yield f"{planned.path} would stay as it is: nothing has changed since the last build"
    members = [*planned.archive.entries()]
    width = max(len(member.name) for member in members)
    for member in members:
        source = source_of(member, planned) or "made by the build"
        yield f"{format_size(member.source.size()):>12}  {member.name:{width}}  {source}"


def source_of(member: Member, planned: Planned) -> str | None:
    """The file that a member is read from, as the project knows it; None if the build makes it."""
    source = member.source
    if isinstance(source, FileSource):
        return show_path(source.path, planned.root)
    return None if isinstance(source, BytesSource) else "the project's wheel"
