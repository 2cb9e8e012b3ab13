"""A member's bytes, moved into its container."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

LARGE = 8 << 20
"""Bytes from which a second thread pays: writing and CRC-32 both release the GIL."""


class Tally:
    """What went by: a count of bytes, and their CRC-32."""

    def __init__(self) -> None:
        self.size = 0
        self.crc = 0


def copy(chunks: Iterable[bytes], size: int, file: BinaryIO, moved: Callable[[int], object]) -> Tally:
    """Write `chunks`, `size` bytes in all as far as is known, and count them."""
    tally = Tally()
    for chunk in tallied(chunks, size, tally, moved):
        file.write(chunk)
    return tally


def tallied(
    chunks: Iterable[bytes], size: int, tally: Tally, moved: Callable[[int], object]
) -> Iterator[bytes]:
    """`chunks` as they are; of a large member the CRC is taken while its taker uses the chunk."""
    with crc_beside(size) as crc:
        for chunk in chunks:
            pending = crc(chunk, tally.crc)
            yield chunk
            tally.crc = pending()
            tally.size += len(chunk)
            moved(len(chunk))


@contextmanager
def crc_beside(size: int) -> Iterator[Callable[[bytes, int], Callable[[], int]]]:
    """A function that starts a CRC-32 and gives another that waits for it."""
    if size < LARGE:

        def at_once(chunk: bytes, crc: int) -> Callable[[], int]:
            value = zlib.crc32(chunk, crc)
            return lambda: value

        yield at_once
        return
    from concurrent.futures import ThreadPoolExecutor

    crc32 = fastest_crc32()
    with ThreadPoolExecutor(1, "hatch-mar-crc") as thread:
        yield lambda chunk, crc: thread.submit(crc32, chunk, crc).result


def fastest_crc32() -> Callable[[bytes, int], int]:
    """ISA-L's, six times as fast as zlib's, where it is installed; the value is the same."""
    try:
        from isal.isal_zlib import crc32
    except ImportError:
        return zlib.crc32
    return crc32
