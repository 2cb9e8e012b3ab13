"""The bytes of a remote file, as a server or store sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Body(NamedTuple):
    """A file's bytes, or those that are still missing."""

    chunks: Iterator[bytes]
    start: int
    """The offset of the first of them in the file: the one that was asked for, or 0."""
    size: int | None
    """The size of the whole file; None if the source does not say."""
    validator: str = ""
    """An ETag or date that identifies this version of the file; empty if the source sends none."""
    encoding: str = ""
    """How the source has compressed the bytes, though it was not asked to; empty if it has not."""


class Broken(Exception):
    """A transfer failed, and may succeed if it is tried again. The message is a sentence about the URL."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause
        """Seconds to wait before that, if the source asks for it."""


class Unreachable(Broken):
    """There was no connection: worth another attempt only if there has been one before."""
