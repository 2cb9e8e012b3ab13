"""The errors of reading a damaged container, as one."""

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
"""What Python's readers raise for a file that is not what it claims; RuntimeError for an encrypted one."""


@contextmanager
def explain_read_errors(what: object) -> Iterator[None]:
    """Raise the errors of reading `what` as a ReadError that names it."""
    try:
        yield
    except UNREADABLE as error:
        reason = getattr(error, "strerror", None) or error
        raise ReadError(f"Cannot read `{what}`: {reason}") from error
