"""What is in the directory of a `no-archive` that no build wrote, and so must not be lost with it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.filesystem.walk import entries_below, is_cache_file
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.names import name_on_disk
from hatch_mar.text import quote_some

WAY_OUT = "move what you need away, and delete the directory"


def find_foreign(path: Path, archive: Archive | None = None) -> list[str]:
    """The files of the directory at `path` that no build wrote; those that `archive` has too are not lost.

    A build makes regular files, all of one time to the nanosecond, the manifest's. So nothing need be
    recorded that somebody might delete, and a file that was changed since then is found as well. What
    Python left when it ran the archive's code does not count.
    """
    if path.is_symlink() or not path.is_dir():
        return []
    when = os.lstat(path / MANIFEST_NAME).st_mtime_ns
    members = {name_on_disk(member.name): member for member in archive.entries()} if archive else {}
    return [
        name
        for name, entry in entries_below(path)
        if not is_cache_file(entry.name) and not is_ours(entry, when, members.get(name))
    ]


def is_ours(entry: os.DirEntry[str], when: int, member: Member | None) -> bool:
    look = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(look.st_mode):
        return False
    return look.st_mtime_ns == when or (member is not None and has_bytes_of(member, Path(entry.path)))


def has_bytes_of(member: Member, file: Path) -> bool:
    from hatch_mar.archive.digest import sha256

    source = FileSource(file)
    with suppress(FileNotFoundError):
        return member.source.size() == source.size() and sha256(member.source) == sha256(source)
    return False


def describe_foreign(names: list[str]) -> str:
    return f"no build wrote {quote_some(names)} in it"
