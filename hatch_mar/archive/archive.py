"""An archive: a manifest and its members, whether configured or read from disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from hatch_mar.archive.filesystem.regular import open_input, open_regular
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import PackError

CHUNK = 1 << 20
"""Bytes read at a time: enough for the disk, and few enough for the processor's cache."""


class Source(Protocol):
    """Where a member's bytes come from."""

    def __hash__(self) -> int: ...

    def size(self) -> int:
        """Bytes that `chunks` will give."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, at most `CHUNK` at a time."""

    def open(self) -> BinaryIO:
        """The bytes as a seekable stream."""


class FileSource(NamedTuple):
    """A file on disk, which is read when it is packed and never copied before."""

    path: Path

    def size(self) -> int:
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        with self.open_unbuffered() as (file, size):
            left = size
            while chunk := file.read(min(CHUNK, left)):
                left -= len(chunk)
                yield chunk
            if left:
                raise self.change_error()

    @contextmanager
    def open_unbuffered(self) -> Iterator[tuple[FileIO, int]]:
        """The open file and how many bytes it has.

        Raises:
            OSError: it cannot be read, or is no longer a regular file.
            PackError: the file changed while it was open, so that what was read may be
                neither its old content nor its new one.
        """
        with open(self.path, "rb", buffering=0, opener=open_regular) as file:
            before = os.fstat(file.fileno())
            yield file, before.st_size
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise self.change_error()

    def change_error(self) -> PackError:
        return PackError(f"File changed while it was packed: `{self.path}`; build again once it is complete")

    def open(self) -> BinaryIO:
        return open_input(self.path)


class BytesSource(NamedTuple):
    """Bytes in memory: the manifest, and files that are made from the configuration."""

    data: bytes

    def size(self) -> int:
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), CHUNK):
            yield self.data[start : start + CHUNK]

    def open(self) -> BinaryIO:
        return BytesIO(self.data)


class Member(NamedTuple):
    """A file inside an archive."""

    name: str
    """Its path relative to the archive's root, with `/`."""
    source: Source
    """Where its bytes come from: `size()` tells how many, `open()` gives them as a stream."""
    executable: bool = False
    """Whether its owner may execute it."""

    def read(self, most: int) -> bytes:
        """The first `most` bytes."""
        data = bytearray()
        for chunk in self.source.chunks():
            data += chunk
            if len(data) >= most:
                break
        return bytes(data[:most])


class Archive:
    """A manifest and its members."""

    manifest: Manifest
    """What TorchServe reads first."""
    members: tuple[Member, ...]
    """All other files, in the order of their names."""

    def __init__(self, manifest: Manifest, members: Iterable[Member]) -> None:
        self.manifest = manifest
        self.members = tuple(sorted(members, key=encode_member_name))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Archive):
            return NotImplemented
        return (self.manifest, self.members) == (other.manifest, other.members)

    __hash__ = None  # type: ignore[assignment]

    def entries(self) -> Iterator[Member]:
        """Every file of the archive, the manifest first, so that the reader of a stream meets it at once."""
        yield Member(self.manifest.name, BytesSource(self.manifest.to_json()))
        yield from self.members


def encode_member_name(member: Member) -> bytes:
    """A member's name as an archive holds it, which sorts in the same way whatever the locale."""
    return member.name.encode("utf-8", "surrogateescape")
