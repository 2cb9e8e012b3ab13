"""How an archive is put into its container."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class Packing(NamedTuple):
    """What a format needs to know beyond the archive itself."""

    instant: datetime
    """The modification time of every member."""
    compression: str = "auto"
    """`auto`, `store` or `deflate`."""
    root: str = ""
    """`tgz` only: the folder that holds everything."""
    moved: Callable[[int], object] = int
    """Told of every so many bytes that were read."""
