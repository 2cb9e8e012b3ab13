"""`no-archive`: a directory, which TorchServe links to instead of unpacking it."""

from __future__ import annotations

import os
from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.options import Packing
from hatch_mar.names import name_on_disk


def write(archive: Archive, path: Path, packing: Packing) -> None:
    when = packing.instant.timestamp()
    path.mkdir()
    for member in archive.entries():
        target = path.joinpath(*name_on_disk(member.name).split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            for chunk in member.source.chunks():
                file.write(chunk)
                packing.report(len(chunk))
        if member.executable:
            mode = target.stat().st_mode
            target.chmod(mode | (mode & 0o444) >> 2)  # for those who may read it, as the umask says
        os.utime(target, (when, when))
