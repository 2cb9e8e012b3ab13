"""How much a command reads of what others wrote, so that no file takes it minutes or gigabytes.

A command has one budget for everything that it reads: a limit for each file alone would let an archive
of many small ones through. No project comes near it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Unit = Literal["bytes", "lines", "members", "files", "operations", "tokens"]

LIMITS: dict[Unit, int] = {
    "bytes": 2 << 30,
    "lines": 100_000,
    "members": 200_000,
    "files": 60_000,
    "operations": 4_000_000,
    "tokens": 300_000,
}
"""What a command may spend of each: bytes that it inflates or parses, lines of requirements, members that
it lists, files that it opens to look inside, operations of pickles, and words and signs of Python sources,
whose syntax trees take up to 700 bytes for each."""


class Exhausted(Exception):
    """A budget is spent."""

    def __init__(self, unit: str, limit: int) -> None:
        super().__init__(f"more than the {limit} {unit} that are read")
        self.unit = unit


class Budget:
    """What is left of each unit."""

    def __init__(self, limits: Mapping[Unit, int] = LIMITS) -> None:
        self.limits = {**LIMITS, **limits}
        self.left = dict(self.limits)

    def spend(self, unit: Unit, count: int) -> None:
        """Take `count` of what is left.

        Raises:
            Exhausted: less than that is left. Nothing is, from then on.
        """
        if count > self.left[unit]:
            self.left[unit] = 0
            raise Exhausted(unit, self.limits[unit])
        self.left[unit] -= count
