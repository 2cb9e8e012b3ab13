"""The members of a `.tar.gz` as TorchServe meets them: the tar in the first gzip member.

TorchServe reads it with commons-compress 1.25 (GzipCompressorInputStream without
`decompressConcatenated`, TarArchiveInputStream), whose ways these are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hatch_mar.archive.formats.tar_reader import LARGEST_HEADER
from hatch_mar.checks.container.stream import CUT_OFF, DAMAGED, NOT_UTF_8, Stopped, inflated
from hatch_mar.torchserve.member_names import brief

BLOCK = 512
GZIP_WINDOW = 31
"""zlib's word for a whole gzip member (RFC 1952), its checksum included."""

CHECKSUM = slice(148, 156)
FOLDER, SPARSE = b"5", b"S"
LONG_NAME, LONG_LINK = b"L", b"K"
PAX, PAX_FOR_ALL = b"x", b"g"  # POSIX.1-2001, pax Interchange Format
HEADERS = (LONG_NAME, LONG_LINK, PAX, PAX_FOR_ALL, b"X")
NO_FILES = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
}


@dataclass(frozen=True)
class TarEntry:
    name: str
    """A folder's ends in `/`."""
    kind: bytes
    size: int

    @property
    def unpacked_name(self) -> str:
        """The name without its first component, which TorchServe cuts off (ZipUtils.java)."""
        return self.name[self.name.find("/") + 1 :]


class FirstMember:
    """The bytes of the first gzip member in a file, read once from start to end."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self.pieces = inflated(file, GZIP_WINDOW, most, "The file")
        self.piece = memoryview(b"")

    def take(self, size: int) -> memoryview:
        """At least one and at most `size` of the next bytes; none at the end."""
        while not self.piece:
            piece = next(self.pieces, None)
            if piece is None:
                break
            self.piece = memoryview(piece)
        taken, self.piece = self.piece[:size], self.piece[size:]
        return taken

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        if size > LARGEST_HEADER:
            raise Stopped(DAMAGED, f"The file is damaged: a header claims {size} bytes")
        data = bytearray()
        while len(data) < size and (taken := self.take(size - len(data))):
            data += taken
        return bytes(data)

    def skip(self, size: int, shown: str) -> None:
        while size > 0:
            taken = len(self.take(size))
            if not taken:
                raise Stopped(CUT_OFF, f"{shown} is cut off")
            size -= taken

    def drain(self) -> None:
        """Read to the end, where the checksum is."""
        while self.take(1 << 20):
            pass


def members(stream: FirstMember) -> Iterator[TarEntry]:
    """The tar's members, up to the first empty block.

    Raises:
        Stopped: TorchServe would fail here, or a sane reader go no further.
    """
    for_all: dict[str, str] = {}
    own: dict[str, str] = {}
    while any(block := stream.read(BLOCK)):
        if len(block) < BLOCK:
            return
        kind, size = block[156:157], checked_size(block)
        if kind in HEADERS:
            read_header(stream, kind, size, own, for_all)
            continue
        entry = named(block, kind, size, for_all | own)
        own = {}
        if kind == SPARSE:
            skip_sparse_map(stream, block)
        yield entry
        stream.skip(-(-entry.size // BLOCK) * BLOCK, f"Member `{brief(entry.name)}`")


def checked_size(block: bytes) -> int:
    """The size in a header, whose checksum is compared: Java's reader does not, all others do."""
    try:
        sum_ = number(block[CHECKSUM])
        size = number(block[124:136])
    except ValueError:
        raise Stopped(DAMAGED, "The file is damaged: it holds something else than a tar") from None
    if sum_ != sum(block) - sum(block[CHECKSUM]) + 8 * ord(" ") or size < 0:
        raise Stopped(DAMAGED, "The file is damaged: a header of the tar is another than its checksum says")
    return size


def number(field: bytes) -> int:
    """A number in octal, or in the base 256 of GNU tar."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else -1
    digits = field.strip(b"\0 ") or b"0"
    if not digits.isdigit():
        raise ValueError("no number")
    return int(digits, 8)


def read_header(
    stream: FirstMember, kind: bytes, size: int, own: dict[str, str], for_all: dict[str, str]
) -> None:
    """What a header says of the members after it: of the next one, or of all."""
    data = stream.read(size)
    stream.skip(-size % BLOCK, "The file")
    if kind == LONG_NAME:
        own["path"] = text(data.rstrip(b"\0"))
    elif kind in (PAX, PAX_FOR_ALL):
        target = own if kind == PAX else for_all
        for key, value in records(data):
            target[key] = value


def records(data: bytes) -> Iterator[tuple[str, str]]:
    """The records `length key=value` of a pax header."""
    position = 0
    while position < len(data) and data[position]:
        digits, _, _ = data[position : position + 20].partition(b" ")
        if not digits.isdigit() or not len(digits) + 1 < int(digits) <= len(data) - position:
            raise Stopped(DAMAGED, "The file is damaged: it has an extended header of another length")
        record = data[position + len(digits) + 1 : position + int(digits) - 1]
        key, _, value = record.partition(b"=")
        if key in (b"path", b"GNU.sparse.name", b"size"):
            yield key.decode(), text(value)
        position += int(digits)


def named(block: bytes, kind: bytes, size: int, said: dict[str, str]) -> TarEntry:
    name, prefix = block[:100].partition(b"\0")[0], block[345:500].partition(b"\0")[0]
    if block[257:265] == b"ustar  \0":  # GNU tar has times there
        prefix = b""
    path = said.get("GNU.sparse.name") or said.get("path")
    # of names that come from a pax header Java's reader takes the first slashes
    full = path.lstrip("/") if path else text(prefix + b"/" + name if prefix else name)
    if kind == FOLDER and not full.endswith("/"):
        full += "/"
    if full.endswith("/"):
        return TarEntry(full, FOLDER, 0)
    digits = said.get("size", "")
    return TarEntry(full, kind, int(digits) if digits.isascii() and digits.isdigit() else size)


def skip_sparse_map(stream: FirstMember, block: bytes) -> None:
    """GNU tar's old sparse files: blocks of the map may follow the header."""
    more = block[482]
    while more:
        more = (stream.read(BLOCK) or bytes(BLOCK))[504]


def text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Stopped(NOT_UTF_8, f"The name of member {data[:200]!r} is not UTF-8") from None
