"""The entries of a `.tar.gz` as members, read in bounded memory whatever the file claims."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from hatch_mar.archive.archive import CHUNK, Member
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.formats.inflation import GzipMember
from hatch_mar.errors import ReadError

BLOCK = 512
"""Bytes of a header, and the unit of all else in a tar."""
MOST_ENTRIES = 200_000
"""More names than this are an attack on the reader's memory, not a model."""
LARGEST_HEADER = 8 << 20
"""Bytes of an extended header; more are an attack as well."""
SMALL, MOST_TIMES = 64 << 20, 250
"""An archive is a bomb if it unpacks to more than `MOST_TIMES` its size and to more than `SMALL` bytes."""


@dataclass(frozen=True)
class TarSource:
    """An entry of an open tar. A link has no bytes, and TorchServe unpacks it as an empty file."""

    file: tarfile.TarFile
    info: tarfile.TarInfo

    @property
    def label(self) -> str:
        return f"{self.file.name!s}: {self.info.name}"

    def size(self) -> int:
        return self.info.size if self.info.isreg() else 0

    def chunks(self) -> Iterator[bytes]:
        with explain_read_errors(self.label), self.open() as entry:
            while chunk := entry.read(CHUNK):
                yield chunk

    def open(self) -> BinaryIO:
        entry = self.file.extractfile(self.info) if self.info.isreg() else None
        return cast("BinaryIO", entry or io.BytesIO())


class BoundedGzip(io.BufferedReader):
    """A gzip stream that refuses to be read in pieces too large for memory.

    tarfile reads extended headers whole, however long they claim to be, and all that follow one another.
    """

    left: int | None = LARGEST_HEADER
    """Bytes that may still be read for the headers of one entry; None once all entries are listed."""
    last: bytes = b""
    """What was read last."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(GzipMember(file))

    def read(self, size: int | None = -1) -> bytes:
        most = LARGEST_HEADER if self.left is None else self.left
        if size is None or not 0 <= size <= most:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        if self.left is not None:
            self.left -= size
        self.last = super().read(size)
        return self.last


def tar_members(file: tarfile.TarFile, stream: BoundedGzip, packed: int) -> Iterator[Member]:
    """The entries, with the names that TorchServe unpacks them to: without the first component.

    Raises:
        ReadError: there are too many, they are too large, or the tar is damaged.
    """
    for number, info in enumerate(file):
        if number > MOST_ENTRIES:
            raise ReadError(f"Cannot read `{file.name!s}`: it has more than {MOST_ENTRIES} entries")
        if info.size < 0:
            raise ReadError(f"Cannot read `{file.name!s}`: `{info.name}` has a negative size")
        if info.offset_data + info.size > unpacked_limit(packed):
            raise bomb_error(file.name)
        if not info.isdir():
            _, slash, name = info.name.partition("/")
            yield Member(name if slash else info.name, TarSource(file, info), bool(info.mode & 0o100))
        stream.left = LARGEST_HEADER
    # tarfile stops without an error at most headers that it cannot read; which ones depends on the Python
    if stream.tell() - len(stream.last) != file.offset or not is_end(stream.last, stream.read):
        raise ReadError(f"Cannot read `{file.name!s}`: its tar is damaged at byte {file.offset}")
    stream.left = None
    while stream.read(CHUNK):  # to the end, where the checksum is compared
        if stream.tell() > unpacked_limit(packed):
            raise bomb_error(file.name)


def bomb_error(name: object) -> ReadError:
    return ReadError(f"Cannot read `{name!s}`: it unpacks to more than {MOST_TIMES} times its size")


def is_end(block: bytes, read: Callable[[int], bytes]) -> bool:
    """Whether a tar ends with `block`, read where a header may be; `read` gives what follows it.

    A tar ends with two blocks of zeros (POSIX.1-2024, pax, ustar Interchange Format). TorchServe needs
    only one, or just the end of the file. If data follows a single one, TorchServe would lose it.
    """
    return not any(block) and not any(read(BLOCK))


def unpacked_limit(packed: int) -> int:
    """Bytes to which an archive of `packed` bytes may unpack before it counts as a bomb."""
    return max(SMALL, MOST_TIMES * packed)
