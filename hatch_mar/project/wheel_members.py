"""The files of a wheel that the project's own build has just written, as members of an archive."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, cast

from hatch_mar.archive.archive import CHUNK, Member


@dataclass(frozen=True)
class WheelSource:
    """A file in an open wheel."""

    file: zipfile.ZipFile
    info: zipfile.ZipInfo

    def size(self) -> int:
        return self.info.file_size

    def chunks(self) -> Iterator[bytes]:
        with self.open() as entry:
            while chunk := entry.read(CHUNK):
                yield chunk

    def open(self) -> BinaryIO:
        return cast("BinaryIO", self.file.open(self.info))

    def __reduce__(self) -> tuple[object, ...]:
        """Send the source to another process, which opens the wheel for itself."""
        return reopen, (self.file.filename, self.info)


def reopen(path: str, info: zipfile.ZipInfo) -> WheelSource:
    stat = os.stat(path)
    return WheelSource(open_wheel(path, stat.st_ino, stat.st_mtime_ns), info)


@lru_cache(maxsize=4)
def open_wheel(path: str, inode: int, time: int) -> zipfile.ZipFile:  # noqa: ARG001
    """The wheel that is there now, since a long-lived process may see the file replaced."""
    return zipfile.ZipFile(path)


def wheel_members(file: zipfile.ZipFile) -> Iterator[Member]:
    for info in file.infolist():
        if not info.is_dir():
            yield Member(info.filename, WheelSource(file, info), bool(info.external_attr >> 16 & 0o100))
