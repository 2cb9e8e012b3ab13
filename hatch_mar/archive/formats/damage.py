"""The errors of reading a damaged container, as one."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hatch_mar.errors import ReadError

READ_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
)
"""What reading raises of a file that is not what it claims."""


@contextmanager
def explain_read_errors(what: object) -> Iterator[None]:
    """Raise the errors of reading `what` as a ReadError that names it."""
    try:
        yield
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise ReadError(f"Cannot read `{what}`: {reason}") from error


def refuse_special_file(path: Path) -> None:
    """
    Raises:
        OSError: the file does not exist, or it is a pipe or the like, which might block when opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("not a regular file")
