"""Reading no more of an archive than a command may: inflating it as far as its size and the budget allow."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from hatch_mar.archive.formats.inflation import read_deflated
from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, Stopped
from hatch_mar.budget import UNPACKED_BYTES, Budget, Exhausted, Unit
from hatch_mar.finding import Rule

BOMB = Rule(
    code="MAR806",
    title="The archive unpacks to far more than its size",
    consequence="TorchServe unpacks until the disk is full; the rest of the file was not checked",
    fix="do not deploy it unless you made it",
)
UNFINISHED = Rule(
    code="MAR131",
    title="The archive was not checked to its end",
    consequence="what was not looked at may have any fault, and may run any code",
    fix="pack less into it",
)

SMALL, MOST_TIMES = 64 << 20, 250
"""An archive is a bomb if it unpacks to more than `MOST_TIMES` its size and to more than `SMALL` bytes."""


def spend(budget: Budget, unit: Unit, count: int = 1) -> None:
    """Take what reading so much costs.

    Raises:
        Stopped: the budget does not suffice.
    """
    try:
        budget.spend(unit, count)
    except Exhausted as reason:
        raise Stopped(UNFINISHED, f"The archive has {reason}") from None


def inflate(file: BinaryIO, window: int, most: int, label: str, budget: Budget) -> Iterator[bytes]:
    """The bytes of the deflate stream at the file's position, which ends up after the stream.

    `window` is that of `zlib.decompressobj`; messages begin with `label`.

    Raises:
        Stopped: the stream is damaged or cut off, or unpacks to more than `most` bytes or the budget allows.
    """
    size = 0
    try:
        for piece in read_deflated(file, window):
            size += len(piece)
            spend(budget, UNPACKED_BYTES, len(piece))
            if size > most:
                raise bomb_error()
            yield piece
    except zlib.error as error:
        raise Stopped(DAMAGED, f"{label} is damaged: {error}") from None
    except EOFError:
        raise Stopped(CUT_OFF, f"{label} is cut off") from None


def bomb_error() -> Stopped:
    return Stopped(BOMB, f"The members unpack to more than {MOST_TIMES} times the file's size")


def unpacked_limit(packed: int) -> int:
    """Bytes to which an archive of `packed` bytes may unpack before it counts as a bomb."""
    return max(SMALL, MOST_TIMES * packed)
