"""Tars of single headers, and what is read of them."""

from __future__ import annotations

from io import BytesIO

from hatch_mar.archive.formats.tar_headers import TarEntry
from hatch_mar.archive.formats.tar_stream import FirstMember, members
from hatch_mar.budget import Budget
from tests.checks.containers import gz


def read(*parts: bytes) -> list[TarEntry]:
    """What the headers of a tar say, wherever the data lies."""
    return [
        entry._replace(start=0, mode=0)
        for entry in members(FirstMember(BytesIO(gz(*parts)), 1 << 30, Budget()))
    ]


def block(data: bytes) -> bytes:
    """Data up to the end of its last block."""
    return data + bytes(-len(data) % 512)


def records(*pairs: str) -> bytes:
    """A pax header of these `key=value`."""
    found = b""
    for pair in pairs:
        size = len(pair.encode()) + 2
        size += len(str(size + len(str(size))))
        found += f"{size} {pair}\n".encode()
    return found
