"""What a call packed, and whether a build would pack the same now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.digest import sha256
from hatch_mar.errors import LayoutError
from hatch_mar.project.config.models import Config
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.timestamp import build_instant
from hatch_mar.text import show_path

SMALL = 1 << 20
"""The most bytes of a file that is compared by its content; a larger one is compared by size and time."""


def snapshot(archive: Archive) -> dict[str, tuple[str, str]]:
    """The path of each member's file, and a text that changes with its content or mode, by name."""
    return {
        member.name: (os.path.abspath(member.source.path), fingerprint_member(member))
        for member in archive.members
        if isinstance(member.source, FileSource)
    }


def fingerprint_member(member: Member) -> str:
    assert isinstance(member.source, FileSource)
    stat = member.source.path.stat()
    content = sha256(member.source).hex() if stat.st_size <= SMALL else f"{stat.st_size} {stat.st_mtime_ns}"
    return f"{content} x" if member.executable else content


def find_drift(packed: Mapping[str, Sequence[str]], config: Config, root: Path) -> Iterator[str]:
    """How a build of the project at `root`, unless it is refused, would differ from what was packed."""
    try:
        now = snapshot(lay_out(config, root, build_instant()))
    except LayoutError:
        return
    for name, (path, mark) in packed.items():
        if name not in now:
            fate = "a build omits" if os.path.isfile(path) else "is gone"
            yield f"was packed with `{show_path(path, root)}`, which {fate}"
        elif now[name][1] != mark:
            yield f"was packed with `{show_path(path, root)}`, which has changed since"
    for name in sorted(now.keys() - packed.keys()):
        yield f"was packed without `{show_path(now[name][0], root)}`, which a build includes"
