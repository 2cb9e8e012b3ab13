"""A temporary directory that only this user can read and that is always deleted."""

from __future__ import annotations

import os
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
    parent = os.path.realpath(tempfile.gettempdir())
    longest = os.path.join(parent, "hatch-mar-........", "tmp", SOCKET)
    if len(os.fsencode(longest)) > LONGEST_SOCKET and os.access("/tmp", os.W_OK):
        # with links resolved, as Java and Python later name the archive's files
        parent = os.path.realpath("/tmp")
    with tempfile.TemporaryDirectory(prefix="hatch-mar-", dir=parent, ignore_cleanup_errors=True) as name:
        place = Path(name)
        (place / "tmp").mkdir()
        yield place
