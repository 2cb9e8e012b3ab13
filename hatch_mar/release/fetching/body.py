"""The bytes of a remote file as its source gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from hatch_mar.archive.archive import CHUNK


class Body(NamedTuple):
    """A file's bytes, or those that are still missing."""

    chunks: Iterator[bytes]
    start: int
    """Of which of the file's bytes they begin at: the one that was asked for, or 0."""
    size: int | None
    """Of the whole file; None if the source does not say."""
    validator: str = ""
    """What the source knows this version of the file by; empty if it has nothing of the kind."""
    encoding: str = ""
    """What the source says that it has compressed the bytes with, though that was not asked for."""


class Broken(Exception):
    """Why bytes have not come that may come if they are asked for again, as a sentence about the URL."""


def read_chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while chunk := read(CHUNK):
        yield chunk
