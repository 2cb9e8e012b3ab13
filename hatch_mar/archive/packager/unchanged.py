"""Whether an artifact is still what its inputs would give, told without reading them.

After a build a small file in the hidden folder `.hatch` of the output directory says what
the inputs and the artifact looked like: sizes, inodes, times to the nanosecond, and all
that the configuration decides. hatchling leaves folders of that name out of every wheel
and sdist, and `dist/*` does not match it. Without the file, the next build packs again.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path

from hatch_mar.__about__ import __version__
from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Source
from hatch_mar.archive.filesystem.walk import files_of
from hatch_mar.archive.formats.options import Packing

FOLDER = ".hatch"

COARSE, FINE = 2_000_000_000, 100_000_000
"""Nanoseconds in which a file may change again and keep its time: on a file system that counts
in seconds (FAT in two), and on one that follows the kernel's clock, some hundred ticks a second."""


def inputs_of(archive: Archive, packing: Packing, also: str = "") -> str | None:
    """A digest of all that decides about an artifact, or None where that cannot be told."""
    lines = []
    settings = (__version__, zlib.ZLIB_RUNTIME_VERSION, packing.instant, packing.compression, packing.root)
    for member in archive.entries():
        look = look_of(member.source)
        if look is None:
            return None
        lines.append(f"{member.name}\0{member.executable}\0{look}")
    return digest(repr(settings), also, *lines)


def look_of(source: Source) -> str | None:
    if isinstance(source, BytesSource):
        return digest(source.data.hex())
    return look(source.path) if isinstance(source, FileSource) else None


def look(path: Path) -> str:
    """A file as it would not look again if it were written or replaced."""
    stat = path.stat()
    return f"{path} {stat.st_dev} {stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"


def matches(path: Path, inputs: str | None) -> bool:
    """Whether the artifact at `path` was made of just these inputs, and is as it was left."""
    with suppress(OSError, ValueError):
        return inputs is not None and stamp_file(path).read_text() == stamp(path, inputs)
    return False


def leave(path: Path, inputs: str | None, archive: Archive, began: int) -> None:
    """Remember the artifact, whose packing began at `began`, in nanoseconds since 1970.

    Inputs that could have changed just before without its showing in their times are not
    remembered. To fail at this costs the next build its time,
    nothing more.
    """
    file = stamp_file(path)
    with suppress(OSError):
        if inputs is None or any_too_young(archive, began):
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(exist_ok=True)
        # one name for all builds: what a killed one leaves, the next one takes
        draft = file.with_name(f"{file.name}.new")
        draft.write_text(stamp(path, inputs))
        try:
            os.replace(draft, file)
        except OSError:
            draft.unlink()


def forget(path: Path) -> None:
    with suppress(OSError):
        stamp_file(path).unlink(missing_ok=True)
        stamp_file(path).parent.rmdir()


def stamp_file(path: Path) -> Path:
    return path.parent / FOLDER / f"{path.name}.stamp"


def stamp(path: Path, inputs: str) -> str:
    looks = "\n".join(look(file) for file in files_of(path))
    return digest(inputs, looks)


def digest(*lines: str) -> str:
    import hashlib

    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def any_too_young(archive: Archive, began: int) -> bool:
    for member in archive.members:
        if isinstance(member.source, FileSource):
            stat = member.source.path.stat()
            slack = FINE if stat.st_mtime_ns % 1_000_000 else COARSE
            if stat.st_mtime_ns + slack > began or stat.st_ctime_ns + FINE > began:
                return True
    return False
