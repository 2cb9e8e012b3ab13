"""Where files are published, as far as publishing needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

Advance = Callable[[int], object]
"""Is called with each number of bytes that went on their way."""


class Taken(Exception):
    """Somebody else has written the file in the meantime."""


class Place(Protocol):
    """A directory, or a folder of a store. The names are of files below it, with `/`.

    All functions raise a HatchMarError for what the place itself refuses.
    """

    caution: str | None
    """How two publishers could meet here without noticing; None if only one of them can win."""

    def address(self, name: str) -> str:
        """The file's path or URL as the user is shown it."""

    def size(self, name: str) -> int | None:
        """The number of bytes that a file has; None if there is none."""

    def read(self, name: str) -> Iterator[bytes]:
        """A file's bytes in chunks."""

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, relative to it.

        In stores, a folder that was made for itself is one of them, with an empty name.
        """

    def is_vouched_for(self, name: str, sidecar: str) -> bool:
        """Whether a file has not been written since its sidecar was, so that the file need not be read."""

    def create(self, name: str, source: Path, advance: Advance) -> None:
        """Copy a file to where there is none.

        Raises:
            Taken: there is one.
        """

    def may_have_left(self, size: int) -> bool:
        """Whether a killed publisher may have left a file with only the first bytes, this many."""

    def complete(self, name: str, source: Path, advance: Advance) -> None:
        """Copy a file to where a killed publisher has left its beginning.

        Raises:
            Taken: somebody else has done that.
        """

    def replace(self, name: str, source: Path, advance: Advance) -> None:
        """Copy a file to where one may be.

        Raises:
            Taken: another publisher has interrupted it.
        """

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    def clear(self, name: str) -> None:
        """Remove what publishers of this file that were killed have left behind."""
