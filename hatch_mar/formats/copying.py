"""A member's bytes, moved into its container."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from hatch_mar.archive import FileSource, Source
from hatch_mar.formats.crc import Tally, fastest_crc32
from hatch_mar.formats.large_file import LARGE, POSSIBLE, copy_large_file


def copy(source: Source, file: BinaryIO, moved: Callable[[int], object]) -> Tally:
    """Write all of a source, and count it."""
    size = source.size()
    if POSSIBLE and size >= LARGE and isinstance(source, FileSource):
        return copy_large_file(source, file, moved)
    tally = Tally()
    for chunk in tallied(source.chunks(), size, tally, moved):
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
