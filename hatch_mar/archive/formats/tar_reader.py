"""Reading a `.tar.gz`: its entries as members, which stay bounded whatever the file claims."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from hatch_mar.archive.archive import CHUNK, Member
from hatch_mar.archive.formats.damage import readable
from hatch_mar.errors import ReadError

MOST_ENTRIES = 200_000
"""More names than this are an attack on the reader's memory, not a model."""
LARGEST_HEADER = 8 << 20
"""Bytes that an extended header may have, likewise."""
SMALL, MOST_TIMES = 64 << 20, 250
"""An archive that unpacks to more than `MOST_TIMES` its own size, and to more than `SMALL`
bytes, is a bomb."""


@dataclass(frozen=True)
class TarSource:
    """An entry of an open tar. A link has no bytes, which is what TorchServe unpacks of it."""

    file: tarfile.TarFile
    info: tarfile.TarInfo

    @property
    def shown(self) -> str:
        return f"{self.file.name!s}: {self.info.name}"

    def size(self) -> int:
        return self.info.size if self.info.isreg() else 0

    def chunks(self) -> Iterator[bytes]:
        with readable(self.shown), self.open() as entry:
            while chunk := entry.read(CHUNK):
                yield chunk

    def open(self) -> BinaryIO:
        entry = self.file.extractfile(self.info) if self.info.isreg() else None
        return cast("BinaryIO", entry or io.BytesIO())


class Gunzipped(gzip.GzipFile):
    """A gzip stream whose reader cannot be made to ask for more than it should hold.

    tarfile reads extended headers whole, and as many in a row as there are, whatever they claim.
    """

    left: int | None = LARGEST_HEADER
    """Bytes that may still be read for the headers of one entry; None when all are listed."""

    def read(self, size: int | None = -1) -> bytes:
        most = LARGEST_HEADER if self.left is None else self.left
        if size is None or not 0 <= size <= most:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        if self.left is not None:
            self.left -= size
        return super().read(size)


def tar_members(file: tarfile.TarFile, stream: Gunzipped, packed: int) -> Iterator[Member]:
    """The entries, their names without the first component, as TorchServe unpacks them."""
    for number, info in enumerate(file):
        if number > MOST_ENTRIES:
            raise ReadError(f"Cannot read `{file.name!s}`: it has more than {MOST_ENTRIES} entries")
        if info.size < 0:
            raise ReadError(f"Cannot read `{file.name!s}`: `{info.name}` has less than no bytes")
        if info.offset_data + info.size > most_unpacked(packed):
            raise ReadError(
                f"Cannot read `{file.name!s}`: it unpacks to more than {MOST_TIMES} times its size"
            )
        if not info.isdir():
            _, slash, name = info.name.partition("/")
            yield Member(name if slash else info.name, TarSource(file, info), bool(info.mode & 0o100))
        stream.left = LARGEST_HEADER
    stream.left = None


def most_unpacked(packed: int) -> int:
    """Bytes that an archive of `packed` bytes may unpack to and still be read."""
    return max(SMALL, MOST_TIMES * packed)
