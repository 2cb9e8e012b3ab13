"""Copying a member's bytes into its container."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Thread
from typing import BinaryIO

from hatch_mar.archive.archive import CHUNK, FileSource, Member, Source
from hatch_mar.archive.formats.crc import Tally, fastest_crc32
from hatch_mar.errors import PackError

LARGE = 8 << 20
"""Bytes from which a second thread is worth starting."""

RUN = 4 * CHUNK
"""Bytes that a thread takes at a time: few CRCs to join, and all threads finish at about the same time."""

MOST_THREADS = 4
"""A file has one writer at a time, which three threads that read and take CRCs keep busy."""

POSSIBLE = hasattr(os, "pread") and hasattr(os, "pwritev")
"""Windows cannot read or write at an offset without moving the position that all threads share."""

Frame = Callable[[bytes], Sequence[bytes | memoryview]]
"""Splits a chunk into pieces, with what its container puts between them. Whole chunks become equally long."""


def leave_bare(chunk: bytes) -> Sequence[bytes]:
    return (chunk,)


def copy(
    source: Source,
    file: BinaryIO,
    tally: Tally,
    report: Callable[[int], object],
    frame: Frame = leave_bare,
) -> None:
    """Write all of a source, with each chunk framed for its container, and tally what was read."""
    if POSSIBLE and isinstance(source, FileSource) and source.size() >= LARGE:
        copy_large_file(source, file, tally, report, frame)
        return
    for chunk in tally_chunks(source.chunks(), tally, report):
        file.writelines(frame(chunk))


def tally_chunks(chunks: Iterable[bytes], tally: Tally, report: Callable[[int], object]) -> Iterator[bytes]:
    """The same chunks, tallied and reported as they pass."""
    for chunk in chunks:
        tally.count(chunk)
        yield chunk
        report(len(chunk))


def refuse_change(member: Member, expected: int, tallied: int) -> None:
    """Raise PackError if other than the expected number of bytes were copied."""
    if tallied != expected:
        message = f"File changed before it was packed: `{member.name}`; build again once it is complete"
        raise PackError(message)


def copy_large_file(
    source: FileSource,
    file: BinaryIO,
    tally: Tally,
    report: Callable[[int], object],
    frame: Frame = leave_bare,
) -> None:
    """Write a file's chunks, framed, at the end of `file`, and tally what was read.

    The thread that is free takes the next run, so that both files are read and written once
    from start to end. While one thread writes, others read and take CRCs, without the GIL.

    Raises:
        PackError: the file changed meanwhile.
        OSError: it cannot be read or written.
    """
    crc32 = fastest_crc32()
    file.flush()
    end, step = file.tell(), sum(map(len, frame(bytes(CHUNK))))
    pieces: dict[int, tuple[int, int]] = {}
    failures: list[BaseException] = []

    with source.open_unbuffered() as (original, size):
        runs = deque(range(0, size, RUN))

        def copy_run(first: int) -> None:
            length, crc = 0, 0
            for place in range(first, min(first + RUN, size), CHUNK):
                chunk = read_at(original.fileno(), place, min(CHUNK, size - place))
                length, crc = length + len(chunk), crc32(chunk, crc)
                write_at(file.fileno(), end + place // CHUNK * step, frame(chunk))
                report(len(chunk))
            pieces[first] = length, crc

        def copy_runs() -> None:
            while True:
                try:
                    first = runs.popleft()
                except IndexError:
                    return
                try:
                    copy_run(first)
                except BaseException as error:
                    failures.append(error)
                    runs.clear()  # so that the other threads stop

        others = [Thread(target=copy_runs) for _ in range(min(cores(), MOST_THREADS) - 1)]
        for thread in others:
            thread.start()
        copy_runs()
        for thread in others:
            thread.join()
        if failures:
            raise failures[0]

    for first in sorted(pieces):
        tally.add(*pieces[first])
    file.seek(0, os.SEEK_END)


def read_at(file: int, place: int, size: int) -> bytes:
    data = os.pread(file, size, place)
    while len(data) < size and (more := os.pread(file, size - len(data), place + len(data))):
        data += more
    return data


def write_at(file: int, place: int, pieces: Sequence[bytes | memoryview]) -> None:
    written, size = os.pwritev(file, pieces, place), sum(map(len, pieces))
    while written < size:
        written += os.pwrite(file, b"".join(pieces)[written:], place + written)


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
