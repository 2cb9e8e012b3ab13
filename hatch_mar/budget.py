"""How much a command reads of what others wrote, so that no file takes it minutes or gigabytes.

A command has one budget for everything that it reads: a limit for each file alone would let an archive
of many small ones through. It is counted, not measured, so that the same files always end the same way.
It grows with the bytes that lie on the disk, so that honest files do not come near it, however large.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Unit = Literal[
    "bytes",
    "unpacked bytes",
    "members",
    "records",
    "files",
    "operations",
    "requirement lines",
    "tokens",
    "code",
    "JSON",
    "YAML",
]


class Cost(NamedTuple):
    """What reading one of a unit takes."""

    time: float
    """Microseconds, of a usual machine."""
    memory: float = 0
    """Bytes that are kept as long as the archive is looked at."""


COSTS: Mapping[Unit, Cost] = {
    "bytes": Cost(0.01),
    "unpacked bytes": Cost(0.0025),
    "members": Cost(25, 1000),
    "records": Cost(8),
    "files": Cost(40),
    "operations": Cost(0.6),
    "requirement lines": Cost(30),
    "tokens": Cost(2.5, 450),
    "code": Cost(1.5),
    "JSON": Cost(0.07),
    "YAML": Cost(1),
}
"""Bytes that are looked at, or only decompressed; members of an archive, and records of a zip or tar in one;
files that are looked into; operations of pickles; requirements; words and signs of Python; and bytes of
TorchScript, JSON and YAML. Measured with files that take the most."""

ALL = Cost(7_000_000, 140 << 20)
"""What a command may take for files of no size."""
A_BYTE = Cost(0.06, 0.5)
"""What it may take in addition for a byte on the disk."""


class Exhausted(Exception):
    """There is more to read than a command reads."""

    def __init__(self, unit: str, *, of_time: bool = False) -> None:
        super().__init__(f"more {unit} than a command reads")
        self.unit, self.of_time = unit, of_time


class Budget:
    """The time and the memory that are left, in microseconds and bytes."""

    def __init__(self, time: float = ALL.time, memory: float = ALL.memory) -> None:
        self.time = time
        self.most = self.memory = memory

    def grow(self, size: int) -> None:
        """Allow what `size` bytes on the disk are worth."""
        self.time += size * A_BYTE.time
        self.memory += size * A_BYTE.memory

    def release_memory(self) -> None:
        """Begin with another archive, when nothing is kept of the last one."""
        self.memory = self.most

    def spend(self, unit: Unit, count: int = 1) -> None:
        """Take what reading so much costs.

        Raises:
            Exhausted: less than that is left; of time, none is left from then on.
        """
        time, memory = (count * each for each in COSTS[unit])
        if memory > self.memory:
            raise Exhausted(unit)
        self.memory -= memory
        self.time -= time
        if self.time < 0:
            self.time = 0
            raise Exhausted(unit, of_time=True)

    def count_left(self, unit: Unit) -> int:
        """How much of a unit can still be read, for all that time allows."""
        return int(self.time / COSTS[unit].time)
