"""A member's bytes, moved into its container."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Thread
from typing import BinaryIO

from hatch_mar.archive.archive import CHUNK, FileSource, Source
from hatch_mar.archive.formats.crc import Tally, fastest_crc32

LARGE = 8 << 20
"""Bytes from which a second thread pays."""

RUN = 4 * CHUNK
"""Bytes in a row that one thread takes: few CRCs to join, and all threads done at the same time."""

MOST_THREADS = 4
"""A file takes one writer at a time, and three who read and take CRCs keep it busy."""

POSSIBLE = hasattr(os, "pread") and hasattr(os, "pwritev")
"""Windows has no reading and writing at a place of one's own."""

Framed = Callable[[bytes], Sequence[bytes | memoryview]]
"""A chunk in pieces, with what its container puts between them; so many bytes for each whole chunk."""


def bare(chunk: bytes) -> Sequence[bytes]:
    return (chunk,)


def copy(
    source: Source,
    file: BinaryIO,
    tally: Tally,
    moved: Callable[[int], object],
    framed: Framed = bare,
) -> None:
    """Write all of a source, each chunk as its container frames it, and count what was read."""
    if POSSIBLE and isinstance(source, FileSource) and source.size() >= LARGE:
        copy_large_file(source, file, tally, moved, framed)
        return
    for chunk in counted(source.chunks(), tally, moved):
        file.writelines(framed(chunk))


def counted(chunks: Iterable[bytes], tally: Tally, moved: Callable[[int], object]) -> Iterator[bytes]:
    """`chunks` as they are."""
    for chunk in chunks:
        tally.count(chunk)
        yield chunk
        moved(len(chunk))


def copy_large_file(
    source: FileSource,
    file: BinaryIO,
    tally: Tally,
    moved: Callable[[int], object],
    framed: Framed = bare,
) -> None:
    """Write a file's chunks, `framed`, at the end of `file`, and count what was read.

    Whoever is free takes the next run. So both files are gone through once and forwards,
    and while one thread writes, another reads and takes the CRC, which release the GIL.

    Raises:
        PackError: the file changed meanwhile.
        OSError: it cannot be read, or not be written.
    """
    crc32 = fastest_crc32()
    file.flush()
    end, step = file.tell(), sum(map(len, framed(bytes(CHUNK))))
    pieces: dict[int, tuple[int, int]] = {}
    failures: list[BaseException] = []

    with source.reading() as (original, size):
        runs = deque(range(0, size, RUN))

        def copy_run(first: int) -> None:
            length, crc = 0, 0
            for place in range(first, min(first + RUN, size), CHUNK):
                chunk = read_at(original.fileno(), place, min(CHUNK, size - place))
                length, crc = length + len(chunk), crc32(chunk, crc)
                write_at(file.fileno(), end + place // CHUNK * step, framed(chunk))
                moved(len(chunk))
            pieces[first] = length, crc

        def work() -> None:
            while True:
                try:
                    first = runs.popleft()
                except IndexError:
                    return
                try:
                    copy_run(first)
                except BaseException as error:
                    failures.append(error)
                    runs.clear()  # the others need not go on

        others = [Thread(target=work) for _ in range(min(cores(), MOST_THREADS) - 1)]
        for thread in others:
            thread.start()
        work()
        for thread in others:
            thread.join()
        if failures:
            raise failures[0]

    for first in sorted(pieces):
        tally.add(*pieces[first])
    file.seek(0, os.SEEK_END)


def read_at(file: int, place: int, size: int) -> bytes:
    """So many bytes from there on, fewer only where the file ends."""
    data = os.pread(file, size, place)
    while len(data) < size and (more := os.pread(file, size - len(data), place + len(data))):
        data += more
    return data


def write_at(file: int, place: int, pieces: Sequence[bytes | memoryview]) -> None:
    written, size = os.pwritev(file, pieces, place), sum(map(len, pieces))
    while written < size:
        written += os.pwrite(file, b"".join(pieces)[written:], place + written)


def cores() -> int:
    """Those this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
