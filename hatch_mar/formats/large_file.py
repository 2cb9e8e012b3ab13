"""A large file, copied by several threads at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import BinaryIO

from hatch_mar.archive import CHUNK, FileSource
from hatch_mar.formats.cores import cores
from hatch_mar.formats.crc import Tally, fastest_crc32

LARGE = 8 << 20
"""Bytes from which a second thread pays."""

MOST_THREADS = 4
"""A file takes one writer at a time, and three who read and take CRCs keep it busy."""

POSSIBLE = hasattr(os, "pread") and hasattr(os, "pwrite")
"""Windows has no reading and writing at a place of one's own."""


def copy_large_file(source: FileSource, file: BinaryIO, moved: Callable[[int], object]) -> Tally:
    """Write a file's bytes where `file` stands, and count them.

    Whoever is free takes the next chunk. So both files are gone through once and forwards,
    and while one thread writes, another reads and takes the CRC, which release the GIL.

    Raises:
        PackError: the file changed meanwhile.
        OSError: it cannot be read, or not be written.
    """
    from concurrent.futures import ThreadPoolExecutor

    crc32 = fastest_crc32()
    pieces: dict[int, tuple[int, int]] = {}
    file.flush()
    start = file.tell()
    with source.reading() as (original, size):
        left = deque(range(0, size, CHUNK))

        def copy_chunk(place: int) -> None:
            chunk = read_at(original.fileno(), place, min(CHUNK, size - place))
            pieces[place] = len(chunk), crc32(chunk, 0)
            write_at(file.fileno(), start + place, chunk)
            moved(len(chunk))

        def work() -> None:
            try:
                while True:
                    copy_chunk(left.popleft())
            except IndexError:
                return
            finally:
                left.clear()  # where one has failed, the others need not go on

        count = min(cores(), MOST_THREADS)
        with ThreadPoolExecutor(count, "hatch-mar-copy") as threads:
            try:
                for done in [threads.submit(work) for _ in range(count)]:
                    done.result()
            finally:
                left.clear()

    tally = Tally()
    for place in sorted(pieces):
        tally.add(*pieces[place])
    file.seek(start + tally.size)
    return tally


def read_at(file: int, place: int, size: int) -> bytes:
    """So many bytes from there on, fewer only where the file ends."""
    data = os.pread(file, size, place)
    while len(data) < size and (more := os.pread(file, size - len(data), place + len(data))):
        data += more
    return data


def write_at(file: int, place: int, data: bytes) -> None:
    written = os.pwrite(file, data, place)
    while written < len(data):
        written += os.pwrite(file, data[written:], place + written)
