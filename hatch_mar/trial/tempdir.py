"""A directory that only this user can read, and of which nothing is left."""

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
    """A new directory, in which a TorchServe has room for its sockets; gone when it is left."""
    place = made(None)
    if len(os.fsencode(place / "tmp" / SOCKET)) > LONGEST_SOCKET and os.access("/tmp", os.W_OK):
        place.rmdir()
        place = made("/tmp")
    try:
        (place / "tmp").mkdir()
        yield place
    finally:
        remove(place)


def made(directory: str | None) -> Path:
    # without links, as Java and Python name the archive's files afterwards
    return Path(os.path.realpath(tempfile.mkdtemp(prefix="hatch-mar-", dir=directory)))


def remove(place: Path) -> None:
    """Delete a directory, read-only ones in it too."""
    shutil.rmtree(place, ignore_errors=True)
    if not place.exists():
        return
    for folder, _, _ in os.walk(place):
        os.chmod(folder, 0o700)
    shutil.rmtree(place, ignore_errors=True)
