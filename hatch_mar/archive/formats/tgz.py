"""`.tar.gz`: everything in one folder, as one gzip member.

TorchServe cuts off the first component of every name, and reads no further than the first
gzip member (pytorch/serve, ZipUtils.java). Links are not written, because TorchServe would unpack
them as empty files.
"""

from __future__ import annotations

import struct
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.compression import LAST_BLOCK, deflate, should_deflate
from hatch_mar.archive.formats.copy import copy, refuse_change, tally_chunks
from hatch_mar.archive.formats.crc import Tally
from hatch_mar.archive.formats.options import Packing

GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
"""Deflate, no flags, no time, no operating system (RFC 1952, 2.3)."""
STORED_BLOCK = 0xFFFF
"""The most bytes in one stored block (RFC 1951, 3.2.4)."""
TAR_BLOCK = 512


def write(archive: Archive, path: Path, packing: Packing) -> None:
    """Write `archive` to a new file at `path`.

    The deflate stream consists of parts that end on a byte boundary, deflated or in stored
    blocks, as is better for each member.
    """
    tally = Tally()
    with open(path, "xb") as file:
        file.write(GZIP_HEADER)
        for member in archive.entries():
            write_member(file, member, packing, tally)
        copy(BytesSource(bytes(2 * TAR_BLOCK)), file, tally, int, stored_blocks)
        file.write(LAST_BLOCK)
        file.write(struct.pack("<2I", tally.crc, tally.size & 0xFFFFFFFF))


def write_member(file: BinaryIO, member: Member, packing: Packing, tally: Tally) -> None:
    """Write a member of the tar: its header, its bytes, and what fills its last block."""
    size = member.source.size()
    header, filling = BytesSource(tar_header(member, size, packing)), BytesSource(bytes(-size % TAR_BLOCK))
    sources = (header, member.source, filling)
    after = tally.size + sum(source.size() for source in sources)
    if should_deflate(member, packing.compression):
        chunks = chain.from_iterable(source.chunks() for source in sources)
        for piece in deflate(tally_chunks(chunks, tally, packing.report), size):
            file.write(piece)
    else:
        for source in sources:
            copy(source, file, tally, packing.report, stored_blocks)
    refuse_change(member, after, tally.size)


def tar_header(member: Member, size: int, packing: Packing) -> bytes:
    """The header of a member, without the user's name or umask."""
    import tarfile

    info = tarfile.TarInfo(f"{packing.root or '.'}/{member.name}")
    info.size = size
    info.mtime = max(0, int(packing.instant.timestamp()))
    info.mode = 0o755 if member.executable else 0o644
    return info.tobuf(tarfile.PAX_FORMAT)


def stored_blocks(data: bytes) -> list[bytes | memoryview]:
    """The bytes in blocks, each after its header. The pieces are not joined, which would copy them again."""
    pieces: list[bytes | memoryview] = []
    view = memoryview(data)
    for start in range(0, len(data), STORED_BLOCK):
        block = view[start : start + STORED_BLOCK]
        pieces += [struct.pack("<B2H", 0, len(block), len(block) ^ 0xFFFF), block]
    return pieces
