"""Whether an artifact is still what its inputs would give, without reading either.

After a build, a stamp says what the inputs and the artifact looked like: sizes, inodes, times
in nanoseconds, and everything that the configuration decides. Without it, the next build packs
again.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path

from hatch_mar.__about__ import __version__
from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Source
from hatch_mar.archive.filesystem.walk import files_of
from hatch_mar.archive.filesystem.writeback import settle
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.records import STAMP, read_record, remove_record, write_record
from hatch_mar.archive.packager.records_folder import lock_records

COARSE, FINE = 2_000_000_000, 100_000_000
"""Nanoseconds within which a file may change twice and keep its time: on a file system that counts
seconds (FAT counts two), and on one that follows the kernel's clock of some hundred ticks a second."""


def fingerprint_inputs(archive: Archive, packing: Packing, settings: str = "") -> str | None:
    """A digest of everything that decides an artifact's content, or None if that is not known."""
    lines = []
    versions = __version__, zlib.ZLIB_RUNTIME_VERSION
    options = (*versions, packing.instant, packing.compression, packing.root)
    for member in archive.entries():
        source = fingerprint_source(member.source)
        if source is None:
            return None
        lines.append(f"{member.name}\0{member.executable}\0{source}")
    return digest(repr(options), settings, *lines)


def fingerprint_source(source: Source) -> str | None:
    if isinstance(source, BytesSource):
        return digest(source.data.hex())
    return fingerprint_file(source.path) if isinstance(source, FileSource) else None


def fingerprint_file(path: Path) -> str:
    """What is different after a file was written or replaced, without reading it."""
    stat = path.stat()
    return f"{path} {stat.st_dev} {stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"


def settle_inputs(archive: Archive) -> bool:
    """Bring the inputs to the disk, so that their times tell of each write from now on; whether it worked."""
    sources = (member.source for member in archive.members)
    return all(settle(source.path) for source in sources if isinstance(source, FileSource))


def find_change(path: Path, inputs: str | None) -> str | None:
    """Why the artifact at `path` is to be packed; None if it is still what these inputs gave."""
    if not os.path.lexists(path):
        return "it does not exist yet"
    recorded = read_record(path, STAMP)
    if inputs is None or not recorded:
        return "there is no record of what it was made from"
    with suppress(OSError):
        if recorded == make_stamp(path, inputs):
            return None
    return "a file, a setting or the archive itself has changed since the last build"


def remember(path: Path, inputs: str | None, archive: Archive, began: int) -> None:
    """Keep a stamp of the artifact, whose packing began at `began` nanoseconds after 1970.

    None is kept if an input changed so late that its time might not show another change. That
    only costs the next build its time, and so does a stamp that cannot be written.
    """
    with suppress(OSError):
        if inputs is not None and not has_changed_lately(archive, began):
            renew_stamp(path, inputs)
            return
        with lock_records(path):
            remove_record(path, STAMP)


def renew_stamp(path: Path, inputs: str) -> None:
    """Keep a stamp of the artifact as it is now, unless another build is just replacing it."""
    with suppress(OSError):
        stamp = make_stamp(path, inputs)
        with lock_records(path):
            write_record(path, STAMP, stamp)


def make_stamp(path: Path, inputs: str) -> str:
    return digest(inputs, *(fingerprint_file(file) for file in files_of(path)))


def digest(*lines: str) -> str:
    import hashlib

    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def has_changed_lately(archive: Archive, began: int) -> bool:
    for member in archive.members:
        if isinstance(member.source, FileSource):
            stat = member.source.path.stat()
            slack = FINE if stat.st_mtime_ns % 1_000_000 else COARSE
            if stat.st_mtime_ns + slack > began or stat.st_ctime_ns + FINE > began:
                return True
    return False
