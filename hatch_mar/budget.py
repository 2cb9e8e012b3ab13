"""How much a command reads of what others wrote, so that no file takes it minutes or gigabytes.

A command has one budget for everything that it reads: a limit for each file alone would let an archive
of many small ones through. It is counted, not measured, so that the same files always end the same way.
It grows with the bytes that lie on the disk, so that honest files do not come near it, however large.
"""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """Something that is read, and what reading one of it takes, measured with files that take the most."""

    name: str
    time: float
    """Microseconds, of a usual machine."""
    memory: float = 0
    """Bytes that are kept as long as the archive is looked at."""


BYTES = Unit("bytes", 0.01)
"""Those that are looked at."""
UNPACKED_BYTES = Unit("unpacked bytes", 0.0025)
MEMBERS = Unit("members", 25, 1000)
"""Those of an archive, which are listed."""
WRITTEN_MEMBERS = Unit("unpacked members", 200)
"""Those of an archive that are written to the disk as files."""
FILES = Unit("files", 70)
"""Those that are looked into."""
RECORDS = Unit("records", 8)
"""The members of a zip or a tar in a file."""
OPERATIONS = Unit("operations", 0.6)
"""Those of pickles."""
REQUIREMENT_LINES = Unit("requirement lines", 30)
TOKENS = Unit("tokens of Python", 2.5, 450)
"""Words and signs of Python."""
STEPS = Unit("steps", 12, 100)
"""Those of a rehearsal of Python."""
CODE = Unit("code", 1.5)
"""Bytes of other code, such as TorchScript."""
SCANNED_CODE = Unit("code", 0.35)
"""Bytes of it that are searched for words."""
PROTOBUF_FIELDS = Unit("protobuf fields", 3)
EXTERNAL_FILES = Unit("files of tensors", 5, 600)
"""Those that ONNX models name."""
JSON = Unit("JSON", 0.07)
"""Bytes of it."""
YAML = Unit("YAML", 1)
"""Bytes of it."""

MOST_TIME, MOST_MEMORY = 6_000_000, 140 << 20
"""Microseconds and bytes that a command may take for files of no size."""
FOR_A_FILE = 100 << 20
"""Bytes that looking into a file may take besides, for as long as it lasts."""
TIME_A_BYTE, MEMORY_A_BYTE = 0.06, 0.5
"""What it may take in addition for a byte on the disk."""


class Exhausted(Exception):
    """There is more to read than a command reads."""

    def __init__(self, unit: Unit, *, of_time: bool = False) -> None:
        super().__init__(f"more {unit.name} than a command reads")
        self.unit, self.of_time = unit, of_time


class Budget:
    """The time and the memory that are left, in microseconds and bytes."""

    def __init__(self, time: float = MOST_TIME, memory: float = MOST_MEMORY) -> None:
        self.time = time
        self.most = self.memory = memory

    def grow(self, size: int) -> None:
        """Allow what `size` bytes on the disk are worth."""
        self.time += size * TIME_A_BYTE
        self.memory += size * MEMORY_A_BYTE

    def release_memory(self) -> None:
        """Begin with another archive, when nothing is kept of the last one."""
        self.memory = self.most

    def spend(self, unit: Unit, count: int = 1) -> None:
        """Take what reading so much costs.

        Raises:
            Exhausted: less than that is left; of time, none is left from then on.
        """
        if count * unit.memory > self.memory:
            raise Exhausted(unit)
        self.memory -= count * unit.memory
        self.time -= count * unit.time
        if self.time < 0:
            self.time = 0
            raise Exhausted(unit, of_time=True)

    def memory_for_a_file(self) -> int:
        return int(self.memory) + FOR_A_FILE

    def count_left(self, unit: Unit) -> int:
        """How much of a unit can still be read, for all that time allows."""
        return int(self.time / unit.time)
