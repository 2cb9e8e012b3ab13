"""Zips and tars, byte by byte, with the faults that tools, disks and attackers put into them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from struct import pack

from hatch_mar.zip_records import CENTRAL_HEADER, END, LOCAL_HEADER

STORED, DEFLATED = 0, 8
DESCRIPTOR, UTF_8 = 8, 0x800
LINK = 0o120777

MANIFEST = b'{"runtime": "python", "model": {"modelName": "m", "modelVersion": "1.0", "handler": "h.py"}}'
FILES: Mapping[str, bytes] = {
    "MAR-INF/MANIFEST.json": MANIFEST,
    "h.py": b"def handle(data, context):\n    return data\n" * 20,
    "w.pt": bytes(range(256)) * 8,
}


@dataclass(frozen=True)
class Entry:
    """A member of a zip. What is None is taken from its data."""

    name: str | bytes
    data: bytes = b""
    method: int = STORED
    flags: int = 0
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    extra: bytes = b""
    behind: bytes = b""
    """What follows the data."""
    mode: int = 0o100644
    listed: str | None = None
    """Its name in the central directory, if that is another."""
    shift: int = 0
    """By how much the central directory is wrong about its place."""

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    def packed_data(self) -> bytes:
        return self.data if self.method == STORED else deflated(self.data)

    def values(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.packed_data()) if self.packed is None else self.packed
        return crc, packed, len(self.data) if self.size is None else self.size

    def local(self) -> bytes:
        head = (b"PK\x03\x04", 20, self.flags, self.method, 0, 33)
        header = LOCAL_HEADER.pack(*head, *self.values(), len(self.raw_name), len(self.extra))
        return header + self.raw_name + self.extra + self.packed_data() + self.behind

    def central(self, offset: int) -> bytes:
        name = self.listed.encode() if self.listed is not None else self.raw_name
        values = self.values() if not self.flags & DESCRIPTOR else self.true_values()
        head = (b"PK\x01\x02", 3 << 8 | 20, 20, self.flags, self.method, 0, 33)
        rest = (len(name), 0, 0, 0, 0, self.mode << 16, offset + self.shift)
        return CENTRAL_HEADER.pack(*head, *values, *rest) + name

    def true_values(self) -> tuple[int, int, int]:
        return zlib.crc32(self.data), len(self.packed_data()), len(self.data)


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def zipped(*entries: Entry | bytes, unlisted: int = 0) -> bytes:
    """A zip of these members, the last `unlisted` of which the central directory does not have.

    Bytes among them belong to no member.
    """
    data, directory, offsets = b"", b"", []
    for entry in entries:
        if isinstance(entry, Entry):
            offsets.append((entry, len(data)))
            data += entry.local()
        else:
            data += entry
    for entry, offset in offsets[: len(offsets) - unlisted]:
        directory += entry.central(offset)
    count = len(offsets) - unlisted
    end = END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(data), 0)
    return data + directory + end


def model(*more: Entry | bytes, method: int = STORED, unlisted: int = 0) -> bytes:
    """A `.mar` with these further members."""
    entries = [Entry(name, data, method) for name, data in FILES.items()]
    return zipped(*entries, *more, unlisted=unlisted)


def described(name: str, data: bytes, *, wide: bool = False, method: int = DEFLATED) -> Entry:
    """A member whose sizes follow its data (APPNOTE 4.3.9), as those who write to a pipe do it."""
    packed = len(deflated(data)) if method == DEFLATED else len(data)
    layout = "<4sI2Q" if wide else "<4s3I"
    return Entry(
        name,
        data,
        method,
        DESCRIPTOR,
        *((0xFFFFFFFF,) * 2 if wide else (0, 0)),
        crc=0,
        extra=pack("<2H2Q", 1, 16, 0, 0) if wide else b"",
        behind=pack(layout, b"PK\x07\x08", zlib.crc32(data), packed, len(data)),
    )


def tar(
    files: Mapping[str, bytes | tarfile.TarInfo] = FILES, root: str = "m/", form: int = tarfile.PAX_FORMAT
) -> bytes:
    """A tar of files, or of links and devices, below a root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape") as file:
        for name, data in files.items():
            if isinstance(data, tarfile.TarInfo):
                data.name = root + name
                file.addfile(data)
            else:
                info = tarfile.TarInfo(root + name)
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def special(kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def header(name: str, kind: bytes, size: int) -> bytes:
    """A header of a tar, with nothing after it."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.USTAR_FORMAT)


def changed(head: bytes, fields: dict[int, bytes]) -> bytes:
    """A header with these bytes at these places, and the checksum that it then has."""
    data = bytearray(head)
    for start, value in fields.items():
        data[start : start + len(value)] = value
    data[148:156] = b"%06o\0 " % (sum(data) - sum(data[148:156]) + 8 * 32)
    return bytes(data)


def gz(*parts: bytes) -> bytes:
    """Each part as a gzip of its own, one after another."""
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def bomb(blocks: int) -> bytes:
    """A deflate stream that unpacks to so many MiB of zeros, each of them in a KiB."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return block * blocks + b"\x03\x00"


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
