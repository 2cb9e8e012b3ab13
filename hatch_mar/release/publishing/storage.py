"""What publishing needs of a directory or a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

Advance = Callable[[int], object]
"""Is called with the number of bytes that were sent since the last call."""


class Taken(Exception):
    """Somebody else has written the file in the meantime."""


class Storage(Protocol):
    """A directory, or a folder in a store. Names are paths of files below it, with `/`.

    All functions raise a HatchMarError if the place itself refuses something.
    """

    caution: str | None
    """How two publishers could meet here without noticing; None if only one of them can win."""

    def address(self, name: str) -> str:
        """The file's path or URL as the user is shown it."""

    def size(self, name: str) -> int | None:
        """The size of a file in bytes; None if there is none."""

    def read(self, name: str) -> Iterator[bytes]:
        """A file's bytes in chunks."""

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, relative to it.

        In a store, a folder that was created as such is one of them, with an empty name.
        """

    def is_vouched_for(self, name: str, sidecar: str) -> bool:
        """Whether a file is no newer than its sidecar, so that the sidecar's digest can be trusted."""

    def create(self, name: str, source: Path, advance: Advance) -> None:
        """Copy a file to a name that is not taken.

        Raises:
            Taken: it is.
        """

    def may_have_left(self, size: int) -> bool:
        """Whether a file of this size may be the beginning of one, left by a publisher that was killed."""

    def complete(self, name: str, source: Path, advance: Advance) -> None:
        """Copy a file over the beginning of it that a killed publisher has left.

        Raises:
            Taken: somebody else has done that already.
        """

    def replace(self, name: str, source: Path, advance: Advance) -> None:
        """Copy a file to a name that may be taken.

        Raises:
            Taken: another publisher has interfered.
        """

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    def clear(self, name: str) -> None:
        """Remove the remains of killed publishers of this file."""
