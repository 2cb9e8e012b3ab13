"""How an archive is packed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class Packing(NamedTuple):
    """What a format needs besides the archive."""

    instant: datetime
    """The modification time of every member."""
    compression: str = "auto"
    """`auto`, `store` or `deflate`."""
    root: str = ""
    """The folder that holds everything, in a `tgz`."""
    report: Callable[[int], object] = int
    """Called with each number of bytes that were read."""
