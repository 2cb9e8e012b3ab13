"""`.tar.gz`: everything in one folder, as one gzip member.

TorchServe cuts the first component of every name and reads no further than the first
gzip member (pytorch/serve, ZipUtils.java); links would become empty files, so there are
none.
"""

from __future__ import annotations

import struct
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.compression import LAST_BLOCK, deflate, pays
from hatch_mar.archive.formats.copy import copy, counted
from hatch_mar.archive.formats.crc import Tally
from hatch_mar.archive.formats.options import Packing
from hatch_mar.errors import PackError

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
        for member in archive.entries():
            add(file, member, packing, tally)
        copy(BytesSource(bytes(2 * TAR_BLOCK)), file, tally, int, stored_blocks)
        file.write(LAST_BLOCK)
        file.write(struct.pack("<2I", tally.crc, tally.size & 0xFFFFFFFF))


def add(file: BinaryIO, member: Member, packing: Packing, tally: Tally) -> None:
    """Write a member as a tar has it: its header, its bytes, and what fills its last block."""
    size = member.source.size()
    header, filling = BytesSource(tar_header(member, size, packing)), BytesSource(bytes(-size % TAR_BLOCK))
    sources = (header, member.source, filling)
    after = tally.size + sum(source.size() for source in sources)
    if pays(member, packing.compression):
        chunks = chain.from_iterable(source.chunks() for source in sources)
        for piece in deflate(counted(chunks, tally, packing.moved), size):
            file.write(piece)
    else:
        for source in sources:
            copy(source, file, tally, packing.moved, stored_blocks)
    if tally.size != after:
        raise PackError(f"File changed before it was packed: `{member.name}`; build again when it is written")


def tar_header(member: Member, size: int, packing: Packing) -> bytes:
    """Without the user's name or umask."""
    import tarfile

    info = tarfile.TarInfo(f"{packing.root or '.'}/{member.name}")
    info.size = size
    info.mtime = max(0, int(packing.instant.timestamp()))
    info.mode = 0o755 if member.executable else 0o644
    return info.tobuf(tarfile.PAX_FORMAT)


def stored_blocks(data: bytes) -> list[bytes | memoryview]:
    """The bytes in blocks, each behind its header; in pieces, for to join them is to move them once more."""
    pieces: list[bytes | memoryview] = []
    view = memoryview(data)
    for start in range(0, len(data), STORED_BLOCK):
        block = view[start : start + STORED_BLOCK]
        pieces += [struct.pack("<B2H", 0, len(block), len(block) ^ 0xFFFF), block]
    return pieces
