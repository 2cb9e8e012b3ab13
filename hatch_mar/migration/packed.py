"""What a call packed, and whether a build would pack the same now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hatch_mar.archive.archive import Archive, FileSource, Member, sha256
from hatch_mar.errors import LayoutError
from hatch_mar.project.config.models import Config
from hatch_mar.project.layout.layout import lay_out_files
from hatch_mar.project.timestamp import build_instant

SMALL = 1 << 20
"""Bytes up to which a file is compared by its content. A larger one is not worth another read."""


def fingerprints(archive: Archive) -> dict[str, tuple[str, str]]:
    """The file and the fingerprint of every member, by the member's name."""
    return {
        member.name: (os.path.abspath(member.source.path), fingerprint(member))
        for member in archive.members
        if isinstance(member.source, FileSource)
    }


def fingerprint(member: Member) -> str:
    """What changes when a file's content or mode does."""
    assert isinstance(member.source, FileSource)
    stat = member.source.path.stat()
    content = sha256(member).hex() if stat.st_size <= SMALL else f"{stat.st_size} {stat.st_mtime_ns}"
    return f"{content} x" if member.executable else content


def changes(packed: Mapping[str, Sequence[str]], config: Config, root: Path) -> Iterator[str]:
    """What would keep a build of the project at `root` from packing the same files again."""
    lost = [path for path, _ in packed.values() if not os.path.isfile(path)]
    for path in lost:
        yield f"was packed with `{shorten(path, root)}`, which is gone"
    if lost:
        return
    try:
        now = fingerprints(lay_out_files(config, root, build_instant()))
    except LayoutError as error:
        yield from (f"cannot be built: {fault}" for fault in error.faults)
        return
    for name, (path, look) in packed.items():
        if name not in now:
            yield f"was packed with `{shorten(path, root)}`, which a build leaves out"
        elif now[name][1] != look:
            yield f"was packed with `{shorten(path, root)}`, which has changed since"
    for name in now.keys() - packed.keys():
        yield f"was packed without `{shorten(now[name][0], root)}`, which a build takes in"


def shorten(path: str | Path, root: Path) -> str:
    """A path as it is shown: relative to the project where it is inside."""
    for base in (root, Path(os.path.realpath(root))):
        if Path(path).is_relative_to(base):
            return Path(path).relative_to(base).as_posix()
    return Path(path).as_posix()
