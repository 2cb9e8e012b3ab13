"""What goes wrong when a damaged container is read, as one error."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from hatch_mar.errors import ReadError

UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
)
"""What Python's readers raise of a file that is not what it claims; RuntimeError of an encrypted one."""


@contextmanager
def readable(what: object) -> Iterator[None]:
    """Raise what goes wrong while `what` is read as a ReadError that names it."""
    try:
        yield
    except UNREADABLE as error:
        reason = getattr(error, "strerror", None) or error
        raise ReadError(f"Cannot read `{what}`: {reason}") from error
