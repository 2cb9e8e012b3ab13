"""Files that a trial reads."""

from __future__ import annotations

from pathlib import Path

from hatch_mar.errors import TrialError


def content(path: Path, shown: str) -> bytes:
    """A file's bytes.

    Raises:
        TrialError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TrialError(f"File not found: `{shown}`") from None
    except OSError as error:
        raise TrialError(f"Cannot read `{shown}`: {error.strerror}") from None
