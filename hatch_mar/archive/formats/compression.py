"""Whether deflating a member is worth the time, and deflating it with all cores.

zlib deflates, since it gives the same bytes on every machine; its faster rivals do not.
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
"""Bytes of its past that deflate can refer to (RFC 1951, 2)."""
WORTHWHILE_SIZE = 1 << 20
"""Bytes below which a member is stored: it takes no time, and its bytes stay readable."""
WORTHWHILE_RATIO = 0.8
SAMPLES, SAMPLE = 8, 1 << 14
"""How many samples of how many bytes are taken from a member."""


def should_deflate(member: Member, compression: str) -> bool:
    """Whether to deflate a member: as `compression` says, or if samples of a large one become smaller.

    Weights are noise to zlib: deflating 1 GiB of float32 takes half a minute and saves 7%.
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

    It consists of blocks of `CHUNK` bytes that end on a byte boundary. Each is deflated on its
    own, with the end of the one before it as its dictionary, so that the bytes are the same for
    one core and for many.
    """
    before = b""
    with deflate_threads(size) as start:
        pending: deque[Callable[[], bytes]] = deque()
        for block in split_blocks(chunks):
            pending.append(start(deflate_block, block, before))
            before = block[-WINDOW:]
            if len(pending) > 2 * cores():
                yield pending.popleft()()
        while pending:
            yield pending.popleft()()


LAST_BLOCK = b"\x03\x00"
"""The final block of a stream, with fixed codes and no data (RFC 1951, 3.2.3)."""


def deflate_block(block: bytes, dictionary: bytes) -> bytes:
    compressor = (
        zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=dictionary)
        if dictionary
        else zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    )
    return compressor.compress(block) + compressor.flush(zlib.Z_SYNC_FLUSH)


def split_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest = rest + chunk if rest else chunk
        while len(rest) >= CHUNK:
            yield rest[:CHUNK]
            rest = rest[CHUNK:]
    if rest:
        yield rest


@contextmanager
def deflate_threads(size: int) -> Iterator[Callable[..., Callable[[], bytes]]]:
    """What starts a function and gives what waits for its result, in threads if there is enough to do."""
    if size <= CHUNK or cores() == 1:
        yield lambda function, *arguments: lambda: function(*arguments)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(cores(), "hatch-mar-deflate") as threads:
        yield lambda function, *arguments: threads.submit(function, *arguments).result
