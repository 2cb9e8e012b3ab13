"""Whether deflating a member pays, and the deflating itself, with all cores.

Deflating stays with zlib: its bytes are the same on every machine, those of its faster
rivals are not.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from hatch_mar.archive.archive import CHUNK, Member
from hatch_mar.archive.formats.copy import cores

LEVEL = 6
WINDOW = 1 << 15
"""Bytes that deflate can look back (RFC 1951, 2)."""
WORTHWHILE_SIZE = 1 << 20
"""Bytes below which a member is stored: nobody waits for it, and its bytes stay readable."""
WORTHWHILE_RATIO = 0.8
SAMPLES, SAMPLE = 8, 1 << 14
"""How many samples of how many bytes are looked at, spread over the member."""


def pays(member: Member, compression: str) -> bool:
    """Whether to deflate: as told, or by what samples of a large member come to.

    Weights are noise to zlib: deflating 1 GiB of float32 takes half a minute and saves 7 %.
    """
    if compression != "auto":
        return compression == "deflate"
    size = member.source.size()
    if size < WORTHWHILE_SIZE:
        return False
    with member.source.open() as stream:
        sample = b""
        for number in range(SAMPLES):
            stream.seek(number * (size - SAMPLE) // (SAMPLES - 1))
            sample += stream.read(SAMPLE)
    return len(zlib.compress(sample, 1)) <= WORTHWHILE_RATIO * len(sample)


def deflate(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """A raw deflate stream (RFC 1951) of `chunks`, without its last block.

    The stream is made of blocks of `CHUNK` bytes that end on a byte boundary, each
    deflated on its own with the end of the one before it as its dictionary: its bytes
    are the same for one core and for many.
    """
    before = b""
    with several_at_once(size) as start:
        pending: deque[Callable[[], bytes]] = deque()
        for block in blocks(chunks):
            pending.append(start(deflated, block, before))
            before = block[-WINDOW:]
            if len(pending) > 2 * cores():
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()


LAST_BLOCK = b"\x03\x00"
"""The final block of a stream: of fixed codes, holding nothing (RFC 1951, 3.2.3)."""


def deflated(block: bytes, dictionary: bytes) -> bytes:
    compressor = (
        zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=dictionary)
        if dictionary
        else zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    )
    return compressor.compress(block) + compressor.flush(zlib.Z_SYNC_FLUSH)


def blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `CHUNK`, however they come."""
    held = b""
    for chunk in chunks:
        held = held + chunk if held else chunk
        while len(held) >= CHUNK:
            yield held[:CHUNK]
            held = held[CHUNK:]
    if held:
        yield held


@contextmanager
def several_at_once(size: int) -> Iterator[Callable[..., Callable[[], bytes]]]:
    if size <= CHUNK or cores() == 1:
        yield lambda function, *arguments: lambda: function(*arguments)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(cores(), "hatch-mar-deflate") as threads:
        yield lambda function, *arguments: threads.submit(function, *arguments).result
