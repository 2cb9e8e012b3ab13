"""A temporary directory that only this user can read and that is always deleted."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = ".ts.sock.65535"
"""The longest name of a TorchServe worker's socket, in the server's temporary directory."""

LONGEST_SOCKET = 103
"""Bytes of a socket's path (`sun_path` of macOS's `sockaddr_un`; Linux has four more)."""


@contextmanager
def private_directory() -> Iterator[Path]:
    """A new directory whose path is short enough for a TorchServe to keep its sockets there."""
    place = make_directory(None)
    if len(os.fsencode(place / "tmp" / SOCKET)) > LONGEST_SOCKET and os.access("/tmp", os.W_OK):
        place.rmdir()
        place = make_directory("/tmp")
    try:
        (place / "tmp").mkdir()
        yield place
    finally:
        remove(place)


def make_directory(parent: str | None) -> Path:
    # with links resolved, as Java and Python later name the archive's files
    return Path(os.path.realpath(tempfile.mkdtemp(prefix="hatch-mar-", dir=parent)))


def remove(place: Path) -> None:
    """Delete a directory, with read-only ones inside."""
    shutil.rmtree(place, ignore_errors=True)
    if not place.exists():
        return
    for folder, _, _ in os.walk(place):
        os.chmod(folder, 0o700)
    shutil.rmtree(place, ignore_errors=True)
