"""Deflate and gzip streams inside a file, in bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_WINDOW = 31
"""zlib's value for a whole gzip member with its checksum (RFC 1952)."""
PACKED, UNPACKED = 1 << 14, 1 << 18
"""Bytes that are inflated at a time, and the most that they may become."""


def read_deflated(file: BinaryIO, window: int) -> Iterator[bytes]:
    """The bytes of the stream at the file's position, which ends up after the stream.

    `window` is that of `zlib.decompressobj`.

    Raises:
        zlib.error: the stream is damaged.
        EOFError: it is cut off.
    """
    inflater = zlib.decompressobj(window)
    while not inflater.eof:
        packed = inflater.unconsumed_tail or file.read(PACKED)
        piece = inflater.decompress(packed, UNPACKED)
        if not (packed or piece or inflater.eof):
            raise EOFError("it is cut off")
        yield piece
    file.seek(-len(inflater.unused_data), 1)


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


class GzipMember(io.RawIOBase):
    """The bytes in the first gzip member of a file, the only one that TorchServe reads.

    At the end its checksum is compared. Seeking back starts again from the beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        if file.read(2) != b"\x1f\x8b":
            raise gzip.BadGzipFile("it is not a gzip")
        self.file = file
        self.rewind()

    def rewind(self) -> None:
        self.file.seek(0)
        self.pieces = Pieces(read_deflated(self.file, GZIP_WINDOW))
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        with memoryview(buffer) as view:
            taken = self.pieces.take(len(view))
            view[: len(taken)] = taken
        self.position += len(taken)
        return len(taken)

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end is not known")
        target = offset + (self.position if whence == io.SEEK_CUR else 0)
        if target < self.position:
            self.rewind()
        while self.position < target and (taken := self.pieces.take(target - self.position)):
            self.position += len(taken)
        return self.position
