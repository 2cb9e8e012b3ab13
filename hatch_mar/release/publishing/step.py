"""Finds out what to do for each file, by what is at its destination."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import FileSource
from hatch_mar.archive.checksums import SUFFIX, format_sum, parse_sums
from hatch_mar.archive.digest import sha256
from hatch_mar.archive.packager.obstacles import explain_write_errors
from hatch_mar.release.publishing.layouts import make_uploads, refuse_others
from hatch_mar.release.publishing.ready import Ready, Upload
from hatch_mar.release.publishing.storage import Storage
from hatch_mar.terminal.progress import show_progress

LARGEST_SIDECAR = 1 << 16
"""The most bytes that are read of a sidecar, which has one line."""


class Step(NamedTuple):
    """A file to be published at a place."""

    storage: Storage
    name: str
    source: Path
    is_archive: bool
    """Whether it gets a sidecar."""
    sha256: str
    there: str | None
    """The digest of the file that exists there; None if there is none."""
    begun: bool = False
    """Whether a killed publisher has left the beginning of the file."""

    @property
    def size(self) -> int:
        return self.source.stat().st_size

    @property
    def is_done(self) -> bool:
        return self.there == self.sha256

    @property
    def address(self) -> str:
        return self.storage.address(self.name)

    @property
    def sidecar(self) -> str:
        return self.name + SUFFIX

    @property
    def sum(self) -> str:
        """What the sidecar says."""
        return format_sum(self.name.rpartition("/")[2], self.sha256)

    @property
    def refusal(self) -> str:
        """The error if the file would overwrite another one."""
        return (
            f"`{self.address}` exists with other bytes: its SHA-256 is {self.there} instead of {self.sha256};"
            " publish another version or to another folder, or overwrite the file with `--replace`"
        )

    def look_again(self) -> Step:
        """The step with what is there now, since others may have written there."""
        there, begun = find_digest(self.storage, self.name, self.source, self.sha256)
        return self._replace(there=there, begun=begun)


def find_steps(storage: Storage, archives: Sequence[Ready], layout: str, scratch: Path) -> Iterator[Step]:
    """The steps for archives that go to one folder; nothing is written there yet.

    Raises:
        ReleaseError: the layout does not support these archives, or the folder has files that it must not.
    """
    uploads = make_uploads(layout, archives, scratch)
    refuse_others(layout, uploads, storage.names)
    for number, upload in enumerate(uploads):
        source = file_of(upload, scratch / f"{number}.upload")
        size = source.stat().st_size
        with show_progress(f"Reading {source.name}", size) as advance:
            digest = sha256(FileSource(source), advance).hex()
        there, begun = find_digest(storage, upload.name, source, digest)
        yield Step(storage, upload.name, source, isinstance(upload.source, Path), digest, there, begun)


def file_of(upload: Upload, path: Path) -> Path:
    """The file to send; a text is written to `path` for that."""
    if isinstance(upload.source, Path):
        return upload.source
    return write_draft(path, upload.source)


def write_draft(path: Path, data: bytes) -> Path:
    """Write a file that is sent from where it is written."""
    with explain_write_errors(path):
        path.write_bytes(data)
    return path


def find_digest(storage: Storage, name: str, source: Path, wanted: str) -> tuple[str | None, bool]:
    """The digest of the file that exists, if any, and whether it is only the beginning of `source`.

    A beginning counts as no file. The sidecar is trusted if it has the wanted digest and the file is no
    newer; otherwise the file is read, so that no file is refused because of its sidecar.
    """
    size, sidecar = storage.size(name), name + SUFFIX
    has_sidecar = storage.size(sidecar) is not None
    if size is None:
        return None, False
    own = source.stat().st_size
    is_vouched_for = has_sidecar and size == own and storage.is_vouched_for(name, sidecar)
    if is_vouched_for and read_sidecar(storage, name) == wanted:
        return wanted, False
    digest = digest_of(storage, name, size)
    begun = not has_sidecar and size < own and storage.may_have_left(size)
    if begun and digest == digest_of_beginning(source, size):
        return None, True
    return digest, False


def read_sidecar(storage: Storage, name: str) -> str | None:
    """The digest of a file in its sidecar; None if the sidecar has none."""
    text = b""
    for chunk in storage.read(name + SUFFIX):
        text += chunk
        if len(text) > LARGEST_SIDECAR:
            return None
    try:
        return parse_sums(text.decode()).get(name.rpartition("/")[2])
    except ValueError:
        return None


def digest_of(storage: Storage, name: str, size: int) -> str:
    """The digest of a file at a place. Reads the file."""
    digest = hashlib.sha256()
    with show_progress(f"Reading {storage.address(name)}", size) as advance:
        for chunk in storage.read(name):
            digest.update(chunk)
            advance(len(chunk))
    return digest.hexdigest()


def digest_of_beginning(source: Path, size: int) -> str:
    """The digest of a file's first bytes."""
    digest = hashlib.sha256()
    for chunk in FileSource(source).chunks():
        digest.update(chunk[:size])
        size -= len(chunk)
        if size <= 0:
            break
    return digest.hexdigest()
