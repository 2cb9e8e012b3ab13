"""The entries of a zip as members, read in bounded memory whatever the file claims."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from hatch_mar import zip_records as zips
from hatch_mar.archive.archive import CHUNK, Member
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.errors import ReadError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TAIL = zips.ZIP64_END.size + zips.ZIP64_LOCATOR.size + zips.LONGEST_TAIL
"""Bytes at the end of a zip that hold its end records."""
LARGEST_DIRECTORY = 16 << 20
"""Bytes of a central directory; more is an attack on the reader's memory, not a model."""

METHODS = {zips.STORED: "stored", zips.DEFLATED: "deflated"}


@dataclass(frozen=True)
class ZipSource:
    file: zipfile.ZipFile
    info: zipfile.ZipInfo

    def size(self) -> int:
        return self.info.file_size

    def chunks(self) -> Iterator[bytes]:
        self.refuse_other_methods()
        with explain_read_errors(self.label), self.file.open(self.info) as entry:
            while chunk := entry.read(CHUNK):
                yield chunk

    def __reduce__(self) -> tuple[object, ...]:
        """Send the source to another process, which opens the zip for itself."""
        return reopen, (self.file.filename, self.info)

    @property
    def label(self) -> str:
        return f"{self.file.filename}: {self.info.filename}"

    def refuse_other_methods(self) -> None:
        """Java has no other methods (java.util.zip), and Python's readers of them take unbounded memory."""
        if self.info.compress_type not in METHODS:
            raise ReadError(f"Cannot read `{self.label}`: {self.method} is neither stored nor deflated")

    @property
    def method(self) -> str:
        return METHODS.get(self.info.compress_type, f"method {self.info.compress_type}")

    def open(self) -> BinaryIO:
        """The bytes as a stream. A stored entry is read from the file itself, where seeking costs nothing."""
        self.refuse_other_methods()
        if self.info.compress_type != zips.STORED or self.file.filename is None:
            return cast("BinaryIO", self.file.open(self.info))
        with self.file.open(self.info):  # checks the local header
            pass
        file = io.FileIO(self.file.filename)
        file.seek(self.info.header_offset)
        header = zips.LocalHeader(*zips.LOCAL_HEADER.unpack(file.read(zips.LOCAL_HEADER.size)))
        start = file.tell() + header.name_size + header.extra_size
        return cast("BinaryIO", io.BufferedReader(Part(file, start, self.info.file_size)))


def reopen(path: str, info: zipfile.ZipInfo) -> ZipSource:
    stat = os.stat(path)
    return ZipSource(open_zip(path, stat.st_ino, stat.st_mtime_ns), info)


@lru_cache(maxsize=4)
def open_zip(path: str, inode: int, time: int) -> zipfile.ZipFile:  # noqa: ARG001
    """The zip that is there now, since a long-lived process may see the file replaced."""
    return zipfile.ZipFile(path)


class Part(io.RawIOBase):
    def __init__(self, file: io.FileIO, start: int, size: int) -> None:
        self.file, self.start, self.size, self.position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: WriteableBuffer) -> int:
        self.file.seek(self.start + self.position)
        # released at once, because PyPy's reader resizes the buffer and has no reference counts
        with memoryview(buffer) as whole, whole[: max(0, self.size - self.position)] as view:
            count = self.file.readinto(view)
        self.position += count
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


def zip_members(file: zipfile.ZipFile) -> Iterator[Member]:
    for info in file.infolist():
        if not info.is_dir():
            yield Member(java_name(info), ZipSource(file, info), bool(info.external_attr >> 16 & 0o100))


def java_name(info: zipfile.ZipInfo) -> str:
    """The name as Java reads it: as UTF-8, even without the flag for that."""
    if info.flag_bits & zips.UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def refuse_huge_directory(path: Path) -> None:
    """Raise ReadError where zipfile would read a central directory that is too large.

    zipfile reads the directory whole, and takes some hundred bytes of memory for each entry of
    46. Everything that looks like an end record counts, since zipfile chooses among them by rules
    of its own.
    """
    length = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(max(0, length - TAIL))
        tail = file.read()
    ends = [zips.End.parse(tail, position) for position in zips.find_signature(tail, zips.END_SIGNATURE)]
    ends += [
        zips.End.parse_zip64(tail, position)
        for position in zips.find_signature(tail, zips.ZIP64_END_SIGNATURE)
    ]
    for end in ends:
        if end and LARGEST_DIRECTORY < end.size <= length:
            raise ReadError(f"Cannot read `{path}`: its central directory has {end.size} bytes")
