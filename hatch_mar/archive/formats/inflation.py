"""Deflate and gzip streams inside a file, in bounded memory."""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_WINDOW = 31
"""zlib's value for a gzip member with its checksum (RFC 1952)."""
PACKED, UNPACKED = 1 << 14, 1 << 18
"""Bytes that are inflated at a time, and the most that they may become."""
CLOSEST, MOST_POINTS = 8 << 20, 128
"""Bytes between the points from which a stream can be read again, and how many of them are kept."""


def read_deflated(file: BinaryIO, window: int) -> Iterator[bytes]:
    """The bytes of the stream at the file's position, which ends up after the stream.

    `window` is that of `zlib.decompressobj`.

    Raises:
        zlib.error: the stream is damaged.
        EOFError: it is cut off.
    """
    inflater = zlib.decompressobj(window)
    while not inflater.eof:
        yield inflate_piece(inflater, file)
    file.seek(-len(inflater.unused_data), 1)


def inflate_piece(inflater: Any, file: BinaryIO) -> bytes:
    packed = inflater.unconsumed_tail or file.read(PACKED)
    piece: bytes = inflater.decompress(packed, UNPACKED)
    if not (packed or piece or inflater.eof):
        raise EOFError("it is cut off")
    return piece


class Pieces:
    """Bytes that come in pieces of any size, to be taken in others."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.piece = memoryview(b"")

    def take(self, size: int) -> memoryview:
        """The next bytes, at least one and at most `size`; none at the end."""
        while not self.piece:
            piece = next(self.pieces, None)
            if piece is None:
                break
            self.piece = memoryview(piece)
        taken, self.piece = self.piece[:size], self.piece[size:]
        return taken


class Inflated(io.RawIOBase):
    """The bytes of a deflate stream at the beginning of a file, from any position.

    Seeking back continues from one of a few points in the stream, so that reading it in any order does
    not take a pass for each seek. `spend` is told of all bytes that are inflated, and may raise.
    """

    def __init__(self, file: BinaryIO, window: int, spend: Callable[[int], None]) -> None:
        self.file, self.spend = file, spend
        self.distance = CLOSEST
        self.points: list[tuple[int, int, Any]] = [(0, 0, zlib.decompressobj(window))]
        self.resume(0)

    def resume(self, position: int) -> None:
        """Go to the last point at or before a position."""
        index = bisect_right(self.points, position, key=lambda point: point[0]) - 1
        self.end, packed, inflater = self.points[index]
        self.file.seek(packed)
        self.inflater = inflater.copy()
        self.position, self.piece = self.end, memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end is not known")
        target = offset + (self.position if whence == io.SEEK_CUR else 0)
        if target < self.position or any(self.end < point[0] <= target for point in self.points[-1:]):
            self.resume(target)
        while self.position < target and (taken := self.take(target - self.position)):
            self.position += len(taken)
        return self.position

    def readinto(self, buffer: WriteableBuffer) -> int:
        with memoryview(buffer) as view:
            taken = self.take(len(view))
            view[: len(taken)] = taken
        self.position += len(taken)
        return len(taken)

    def take(self, size: int) -> memoryview:
        while not self.piece and not self.inflater.eof:
            self.mark()
            self.piece = memoryview(inflate_piece(self.inflater, self.file))
            self.end += len(self.piece)
            self.spend(len(self.piece))
        taken, self.piece = self.piece[:size], self.piece[size:]
        return taken

    def mark(self) -> None:
        """Keep the present state if it is far enough from the last one kept."""
        if self.end - self.points[-1][0] < self.distance:
            return
        self.points.append((self.end, self.file.tell(), self.inflater.copy()))
        if len(self.points) > MOST_POINTS:
            del self.points[1::2]
            self.distance *= 2


class Part(io.RawIOBase):
    """A part of a file, which others read as well."""

    def __init__(self, file: BinaryIO | io.RawIOBase, start: int, size: int) -> None:
        self.file: Any = file
        self.start, self.length, self.position = start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.length}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: WriteableBuffer) -> int:
        left = self.length - self.position
        if left <= 0:
            return 0
        self.file.seek(self.start + self.position)
        # released at once, because PyPy's reader resizes the buffer and has no reference counts
        with memoryview(buffer) as whole, whole[:left] as view:
            count: int = self.file.readinto(view)
        self.position += count
        return count
