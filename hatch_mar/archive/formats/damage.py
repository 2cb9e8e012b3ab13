"""The errors of reading a damaged container, as one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

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
