"""A directory: `no-archive`, which TorchServe links to instead of unpacking."""

from __future__ import annotations

import os
from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.options import Packing
from hatch_mar.names import on_disk


def write(archive: Archive, path: Path, packing: Packing) -> None:
    """Write `archive` as a new directory at `path`."""
    when = packing.instant.timestamp()
    path.mkdir()
    for member in archive.entries():
        target = path.joinpath(*on_disk(member.name).split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            for chunk in member.source.chunks():
                file.write(chunk)
                packing.moved(len(chunk))
        if member.executable:
            mode = target.stat().st_mode
            target.chmod(mode | (mode & 0o444) >> 2)  # by those who may read it, as the umask has it
        os.utime(target, (when, when))
