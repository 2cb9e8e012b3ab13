"""`.tar.gz`: everything in one folder, as one gzip member.

TorchServe cuts the first component of every name and reads no further than the first
gzip member (pytorch/serve, ZipUtils.java); links would become empty files, so there are
none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.archive import Archive, Member
from hatch_mar.errors import PackError
from hatch_mar.formats.compression import LAST_BLOCK, deflate, pays
from hatch_mar.formats.copying import tallied
from hatch_mar.formats.crc import Tally
from hatch_mar.formats.packing import Packing

GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
"""RFC 1952, 2.3: deflate, no flags, no time, no operating system."""
STORED_BLOCK = 0xFFFF
"""RFC 1951, 3.2.4: the most bytes one stored block holds."""
TAR_BLOCK = 512


def write(archive: Archive, path: Path, packing: Packing) -> None:
    """Write `archive` to a new file at `path`.

    The deflate stream is made of runs that end on a byte boundary: deflated where that
    pays, in stored blocks where it does not.
    """
    tally = Tally()
    with open(path, "xb") as file:
        file.write(GZIP_HEADER)
        for deflated, size, chunks in runs(archive, packing):
            stream = tallied(chunks, size, tally, packing.moved)
            for piece in deflate(stream, size) if deflated else map(stored_blocks, stream):
                file.write(piece)
        file.write(LAST_BLOCK)
        file.write(struct.pack("<2I", tally.crc, tally.size & 0xFFFFFFFF))


def runs(archive: Archive, packing: Packing) -> Iterator[tuple[bool, int, Iterator[bytes]]]:
    """The tar stream, a run of chunks a member: whether to deflate it, and its size."""
    for member in archive.entries():
        yield pays(member, packing.compression), member.source.size(), tar_entry(member, packing)
    yield False, 0, iter([bytes(2 * TAR_BLOCK)])


def tar_entry(member: Member, packing: Packing) -> Iterator[bytes]:
    """One member's header, bytes and padding, without the user's name or umask."""
    import tarfile

    info = tarfile.TarInfo(f"{packing.root or '.'}/{member.name}")
    info.size = member.source.size()
    info.mtime = max(0, int(packing.instant.timestamp()))
    info.mode = 0o755 if member.executable else 0o644
    yield info.tobuf(tarfile.PAX_FORMAT)
    size = 0
    for chunk in member.source.chunks():
        size += len(chunk)
        yield chunk
    if size != info.size:
        raise PackError(f"File changed before it was packed: `{member.name}`; build again when it is written")
    yield bytes(-size % TAR_BLOCK)


def stored_blocks(data: bytes) -> bytes:
    pieces: list[bytes | memoryview] = []
    view = memoryview(data)
    for start in range(0, len(data), STORED_BLOCK):
        block = view[start : start + STORED_BLOCK]
        pieces += [struct.pack("<B2H", 0, len(block), len(block) ^ 0xFFFF), block]
    return b"".join(pieces)
