"""Removes a wheel or an sdist whose archives could not be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def remove_if_incomplete(artifact: Path) -> Iterator[None]:
    """Remove the artifact if the block fails or is interrupted.

    It would come without its archives, or with old ones.
    """
    try:
        yield
    except BaseException:
        if artifact.is_file():
            artifact.unlink()
        raise
