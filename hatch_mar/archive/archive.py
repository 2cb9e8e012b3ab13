"""An archive: a manifest and its members, whether configured or read from disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import PackError

CHUNK = 1 << 20
"""Bytes read at a time: large enough for the disk, small enough for the cache."""


class Source(Protocol):
    """Where a member's bytes come from."""

    def size(self) -> int:
        """Bytes that `chunks` will give."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, at most `CHUNK` at a time."""

    def open(self) -> BinaryIO:
        """The bytes as a seekable stream, for those who look into them."""


class FileSource(NamedTuple):
    """A file on disk, read at the moment it is packed and never staged."""

    path: Path

    def size(self) -> int:
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        with self.reading() as (file, size):
            left = size
            while chunk := file.read(min(CHUNK, left)):
                left -= len(chunk)
                yield chunk
            if left:
                raise self.changed()

    @contextmanager
    def reading(self) -> Iterator[tuple[FileIO, int]]:
        """The file without a buffer, and how many bytes it has.

        Raises:
            PackError: the file changed while it was read, so that what was packed is
                neither its old state nor its new one.
        """
        with open(self.path, "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            yield file, before.st_size
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise self.changed()

    def changed(self) -> PackError:
        return PackError(f"File changed while it was packed: `{self.path}`; build again when it is written")

    def open(self) -> BinaryIO:
        return open(self.path, "rb")


class BytesSource(NamedTuple):
    """Bytes in memory: the manifest, and files that the configuration generates."""

    data: bytes

    def size(self) -> int:
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), CHUNK):
            yield self.data[start : start + CHUNK]

    def open(self) -> BinaryIO:
        return BytesIO(self.data)


class Member(NamedTuple):
    """A file inside an archive. `name` is relative to the archive's root and uses `/`."""

    name: str
    source: Source
    executable: bool = False


class Archive:
    """A manifest and its members, in the order of their names."""

    def __init__(self, manifest: Manifest, members: Iterable[Member]) -> None:
        self.manifest = manifest
        self.members = tuple(sorted(members, key=in_bytes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Archive):
            return NotImplemented
        return (self.manifest, self.members) == (other.manifest, other.members)

    __hash__ = None  # type: ignore[assignment]

    def entries(self) -> Iterator[Member]:
        """Every file of the archive, the manifest first: a stream's reader meets it at once."""
        yield Member(self.manifest.name, BytesSource(self.manifest.to_json()))
        yield from self.members


def in_bytes(member: Member) -> bytes:
    """Where a member comes among others: by its name as an archive holds it, whatever the locale."""
    return member.name.encode("utf-8", "surrogateescape")


def sha256(member: Member) -> bytes:
    """The digest of a member's bytes, which are read for it."""
    import hashlib

    digest = hashlib.sha256()
    for chunk in member.source.chunks():
        digest.update(chunk)
    return digest.digest()


def content_digest(archive: Archive, digest_of: Callable[[Member], bytes] = sha256) -> str:
    """One digest of all names, modes and bytes, in hexadecimal.

    It is the same for every archive format and compression, so that two archives can be
    compared without unpacking either. Reads every member once, unless `digest_of` knows better.
    """
    import hashlib

    digest = hashlib.sha256()
    for member in archive.entries():
        name = member.name.encode("utf-8", "surrogateescape")
        digest.update(len(name).to_bytes(4, "big") + name)
        digest.update(b"x" if member.executable else b"-")
        digest.update(digest_of(member))
    return digest.hexdigest()
