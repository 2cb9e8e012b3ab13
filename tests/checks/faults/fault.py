"""A fault, and what all faults have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.checks.containers import FILES, gz, model, tar

AGAIN = "build the archive again, and copy the archive itself"
WHOLE = "copy or build it again, to its end"
COPY = "copy or build it again"
DISAGREE = (
    "build the archive again; a zip that was edited in place, or that has other bytes in it,"
    " cannot be read as a stream"
)
ROOT = "pack `MAR-INF` at the root of a `.mar`, or into the one folder of a `.tar.gz`"
TARGET = "pack the file that the link points to"
TRUST = "do not deploy it unless you made it"

Tree = Mapping[str, bytes]


@dataclass(frozen=True)
class Fault:
    """An archive, what is found in it, and what TorchServe makes of it."""

    file: str
    data: bytes | Tree
    """The file's bytes; of a directory its files."""
    found: str
    """The findings, a line each, of `container` without the place, which is the file."""
    raises: str = ""
    """A part of what TorchServe throws; if it throws nothing, what it unpacks follows."""
    tree: Tree | None = None
    model: str | None = "m"
    """The model's name in the manifest that TorchServe finds."""

    def write(self, directory: Path) -> Path:
        path = directory / self.file
        files = {"": self.data} if isinstance(self.data, bytes) else self.data
        for name, data in files.items():
            target = path / name if name else path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return path


def less(*names: str) -> Tree:
    return {name: data for name, data in FILES.items() if name not in names}


def flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 0x10
    return bytes(changed)


MAR, TGZ = model(), gz(tar())
ZEROS = bytes(65 << 20)
