"""The members of a `.tar.gz` as TorchServe reads them, from the tar in the first gzip member.

TorchServe uses commons-compress 1.25 (GzipCompressorInputStream without
`decompressConcatenated`, TarArchiveInputStream), which this follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hatch_mar.archive.formats.inflation import GZIP_WINDOW, Pieces
from hatch_mar.archive.formats.tar_reader import BLOCK, LARGEST_HEADER, is_end
from hatch_mar.checks.container.stream import CUT_OFF, DAMAGED, NOT_UTF_8, Stopped, inflate
from hatch_mar.text import quote

CHECKSUM = slice(148, 156)
FOLDER, SPARSE = b"5", b"S"
LONG_NAME, LONG_LINK = b"L", b"K"
PAX, PAX_FOR_ALL = b"x", b"g"  # POSIX.1-2001, pax Interchange Format
HEADERS = (LONG_NAME, LONG_LINK, PAX, PAX_FOR_ALL, b"X")
SPECIAL_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
}


@dataclass(frozen=True)
class TarEntry:
    name: str
    """Ends in `/` if it is a folder's."""
    kind: bytes
    size: int

    @property
    def unpacked_name(self) -> str:
        """The name without its first component, which TorchServe cuts off (ZipUtils.java)."""
        return self.name[self.name.find("/") + 1 :]


class FirstMember(Pieces):
    """The bytes in the first gzip member of a file, read once from start to end."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        super().__init__(inflate(file, GZIP_WINDOW, most, "The file"))

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        if size > LARGEST_HEADER:
            raise Stopped(DAMAGED, f"The file is damaged: a header claims {size} bytes")
        data = bytearray()
        while len(data) < size and (taken := self.take(size - len(data))):
            data += taken
        return bytes(data)

    def skip(self, size: int, label: str) -> None:
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
    for_all: dict[str, str] = {}
    own: dict[str, str] = {}
    while not is_end(block := stream.read(BLOCK), stream.read):
        kind, size = block[156:157], read_size(block)
        if kind in HEADERS:
            read_extended_header(stream, kind, size, own, for_all)
            continue
        entry = make_entry(block, kind, size, for_all | own)
        own = {}
        if kind == SPARSE:
            skip_sparse_map(stream, block)
        yield entry
        stream.skip(-(-entry.size // BLOCK) * BLOCK, f"Member {quote(entry.name)}")


def read_size(block: bytes) -> int:
    """The size in a header. Its checksum is compared, which Java's reader does not do and all others do."""
    if len(block) < BLOCK:
        raise Stopped(CUT_OFF, "The tar ends within a header")
    try:
        checksum = parse_number(block[CHECKSUM])
        size = parse_number(block[124:136])
    except ValueError:
        raise Stopped(DAMAGED, "The file is damaged: its content is not a tar") from None
    if checksum != sum(block) - sum(block[CHECKSUM]) + 8 * ord(" ") or size < 0:
        raise Stopped(DAMAGED, "The file is damaged: a header of the tar does not match its checksum")
    return size


def parse_number(field: bytes) -> int:
    """A number in octal, or in GNU tar's base 256."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else -1
    digits = field.strip(b"\0 ") or b"0"
    if not digits.isdigit():
        raise ValueError("not a number")
    return int(digits, 8)


def read_extended_header(
    stream: FirstMember, kind: bytes, size: int, own: dict[str, str], for_all: dict[str, str]
) -> None:
    """Read what a header says about the next member, or about all members after it."""
    data = stream.read(size)
    stream.skip(-size % BLOCK, "The file")
    if kind == LONG_NAME:
        own["path"] = decode(data.rstrip(b"\0"))
    elif kind in (PAX, PAX_FOR_ALL):
        target = own if kind == PAX else for_all
        for key, value in parse_records(data):
            target[key] = value


def parse_records(data: bytes) -> Iterator[tuple[str, str]]:
    """The records `length key=value` of a pax header."""
    position = 0
    while position < len(data) and data[position]:
        digits, _, _ = data[position : position + 20].partition(b" ")
        if not digits.isdigit() or not len(digits) + 1 < int(digits) <= len(data) - position:
            raise Stopped(DAMAGED, "The file is damaged: an extended header has the wrong length")
        record = data[position + len(digits) + 1 : position + int(digits) - 1]
        key, _, value = record.partition(b"=")
        if key in (b"path", b"GNU.sparse.name", b"size"):
            yield key.decode(), decode(value)
        position += int(digits)


def make_entry(block: bytes, kind: bytes, size: int, said: dict[str, str]) -> TarEntry:
    name, prefix = block[:100].partition(b"\0")[0], block[345:500].partition(b"\0")[0]
    if block[257:265] == b"ustar  \0":  # GNU tar has times there
        prefix = b""
    path = said.get("GNU.sparse.name") or said.get("path")
    # Java's reader removes leading slashes from the names in a pax header
    full = path.lstrip("/") if path else decode(prefix + b"/" + name if prefix else name)
    if kind == FOLDER and not full.endswith("/"):
        full += "/"
    if full.endswith("/"):
        return TarEntry(full, FOLDER, 0)
    digits = said.get("size", "")
    return TarEntry(full, kind, int(digits) if digits.isascii() and digits.isdigit() else size)


def skip_sparse_map(stream: FirstMember, block: bytes) -> None:
    """Skip the blocks of the map that may follow the header of a sparse file of old GNU tar."""
    more = block[482]
    while more:
        more = (stream.read(BLOCK) or bytes(BLOCK))[504]


def decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Stopped(NOT_UTF_8, f"The name of member {data[:200]!r} is not UTF-8") from None
