"""Opening regular files, whatever somebody else has put in their place.

A pipe or a device would keep its reader waiting, and a link in a directory that several users share would
lead a writer to another user's file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

NOT_REGULAR = "not a regular file"

ALWAYS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""What Windows lacks, where making a link takes a privilege."""


def open_input(path: str | os.PathLike[str]) -> BinaryIO:
    """A user's file, for reading; a link is followed.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    return open(path, "rb", opener=open_regular)


def read_text(path: Path, most: int = -1) -> str:
    """The text of a user's file, with `\\n` at the ends of its lines; its first `most` characters, if given.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        UnicodeDecodeError: it is not UTF-8.
    """
    import io

    with io.TextIOWrapper(open_input(path), encoding="utf-8") as file:
        return file.read(most)


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The bytes of a user's file; its first `most`, if given.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    with open_input(path) as file:
        return file.read(most)


def open_regular(path: str, flags: int, *, folder: int | None = None) -> int:
    """An open file's descriptor, as the `opener` of `open` gives it, without waiting for anybody.

    The path may be relative to an open folder.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    try:
        descriptor = os.open(path, flags | ALWAYS, 0o666, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a pipe that nobody reads
            raise OSError(errno.EINVAL, NOT_REGULAR, path) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, NOT_REGULAR, path)
