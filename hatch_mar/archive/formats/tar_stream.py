"""The members of a `.tar.gz` as TorchServe reads them, from the tar in the first gzip member.

TorchServe uses commons-compress 1.25 (GzipCompressorInputStream without
`decompressConcatenated`, TarArchiveInputStream), which this follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from hatch_mar.archive.formats.inflation import GZIP_WINDOW, Pieces
from hatch_mar.archive.formats.limits import inflate
from hatch_mar.archive.formats.pax import decode, parse_records
from hatch_mar.archive.formats.tar_headers import (
    ARCHTYPE,
    BLOCK,
    HEADERS,
    LONG_LINK,
    LONG_NAME,
    PAX_FOR_ALL,
    Extended,
    TarEntry,
    check_format,
    make_entry,
    plain_name,
    read_size,
)
from hatch_mar.archive.formats.unpacking import CUT_OFF, DAMAGED, Stopped
from hatch_mar.budget import Budget
from hatch_mar.text import quote

LARGEST_HEADER = 1 << 20
"""Bytes of an extended header; more are an attack on the reader's memory."""
DECISIVE = re.compile(r"size|SCHILY\.filetype|GNU\.sparse\..*", re.DOTALL)
"""Keys that decide what is read. No tool says them of all members, and readers differ where one does."""


class FirstMember(Pieces):
    """The bytes in the first gzip member of a file, read once from start to end."""

    def __init__(self, file: BinaryIO, most: int, budget: Budget) -> None:
        super().__init__(inflate(file, GZIP_WINDOW, most, "The file", budget))
        self.position = 0

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        if size > LARGEST_HEADER:
            raise Stopped(DAMAGED, f"The file is damaged: a header claims {size} bytes")
        data = bytearray()
        while len(data) < size and (taken := self.take(size - len(data))):
            data += taken
        self.position += len(data)
        return bytes(data)

    def skip(self, size: int, label: str) -> None:
        self.position += size
        while size > 0:
            taken = len(self.take(size))
            if not taken:
                raise Stopped(CUT_OFF, f"{label} is cut off")
            size -= taken


def members(stream: FirstMember) -> Iterator[TarEntry]:
    """The tar's members, up to its end.

    Raises:
        Stopped: TorchServe would fail, or a sensible reader would stop.
    """
    said = Extended()
    while not is_end(block := stream.read(BLOCK), stream.read):
        kind, size = block[156:157], read_size(block)
        check_format(block, said.for_all.get(ARCHTYPE))
        if kind in HEADERS:
            said.add(kind.lower(), read_extended_header(stream, block, kind, size))
            continue
        entry = make_entry(block, kind, size, said)._replace(start=stream.position)
        said = Extended(said.for_all)
        yield entry
        stream.skip(-(-entry.size // BLOCK) * BLOCK, f"Member {quote(entry.name)}")
    if said.kinds:
        raise Stopped(DAMAGED, "The file is damaged: no member follows the last extended header")


def is_end(block: bytes, read: Callable[[int], bytes]) -> bool:
    """Whether a tar ends with `block`, read where a header may be; `read` gives what follows it.

    A tar ends with two blocks of zeros (POSIX.1-2024, pax, ustar Interchange Format). TorchServe needs
    only one, or just the end of the file. If data follows a single one, TorchServe would lose it.
    """
    return not any(block) and not any(read(BLOCK))


def read_extended_header(stream: FirstMember, block: bytes, kind: bytes, size: int) -> dict[str, str]:
    """What a header says about the next member."""
    if kind in (LONG_NAME, LONG_LINK) and plain_name(block)[0].endswith("/"):
        raise Stopped(DAMAGED, "The file is damaged: the header of a long name is that of a folder")
    data = stream.read(size)
    padding = stream.read(-size % BLOCK)
    if len(padding) < -size % BLOCK:
        raise Stopped(CUT_OFF, "The file is cut off")
    if kind == LONG_LINK:
        return {}
    if kind == LONG_NAME:
        if not data.endswith(b"\0") and padding.strip(b"\0"):
            raise Stopped(DAMAGED, "The file is damaged: a long name goes on behind its end")
        return {"path": decode(data.rstrip(b"\0"))}
    values = dict(parse_records(data))
    if kind == PAX_FOR_ALL and (decisive := next(filter(DECISIVE.fullmatch, values), None)):
        raise Stopped(DAMAGED, f"The file is damaged: a header gives all members the same `{decisive}`")
    return values
