"""Random access to a stream, in pieces of bounded size."""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

from hatch_mar.budget import BYTES, UNPACKED_BYTES, Budget

BUFFER = 4096
"""Bytes that are read at once for small reads."""


class View:
    """The bytes of a seekable stream: a file on disk, or an entry of an archive.

    Offsets should mostly grow from call to call, since a deflated entry can seek backwards
    only by starting over. What is read, and what is done with it, is spent from the budget.
    """

    def __init__(self, file: BinaryIO, budget: Budget | None = None) -> None:
        self.file = file
        self.size = file.seek(0, 2)
        self.budget = budget or Budget()

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`: fewer at the end, none beyond it."""
        if not 0 <= offset < self.size:
            return b""
        count = min(count, self.size - offset)
        self.budget.spend(BYTES, count)
        self.file.seek(offset)
        pieces = []
        while count > 0 and (piece := self.file.read(count)):
            # An unbuffered stream may give less than it was asked for.
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def unpacked(self, data: bytes) -> View:
        """A view of bytes that were decompressed from this one's."""
        self.budget.spend(UNPACKED_BYTES, len(data))
        return View(BytesIO(data), self.budget)


class Slice(View):
    """Some of the bytes of another view, as far as it has them."""

    def __init__(self, view: View, start: int, size: int) -> None:
        self.view, self.start, self.budget = view, start, view.budget
        self.size = max(0, min(size, view.size - start))

    def read(self, offset: int, count: int) -> bytes:
        if not 0 <= offset < self.size:
            return b""
        return self.view.read(self.start + offset, min(count, self.size - offset))


class Buffered(View):
    """Another view for many small reads, mostly one after another."""

    def __init__(self, view: View) -> None:
        self.view, self.size, self.budget = view, view.size, view.budget
        self.start, self.data = 0, b""

    def read(self, offset: int, count: int) -> bytes:
        if count > BUFFER:
            return self.view.read(offset, count)
        if not self.start <= offset <= self.start + len(self.data) - min(count, self.size - offset):
            self.start, self.data = offset, self.view.read(offset, BUFFER)
        first = offset - self.start
        return self.data[first : first + count]
