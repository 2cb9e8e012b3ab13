"""A file to check, and what must be said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

MARKER = "ran"
SHELL = f"touch {MARKER}"
PYTHON = f"open({MARKER!r}, 'w').close()"

SYSTEM = "posix.system"

Loader = Literal[
    "torch.load",
    "torch.jit.load",
    "torch.export.load",
    "module",
    "numpy.load",
    "pickle.load",
    "yaml",
    "gzip",
    "look",
    "none",
]


class Case(NamedTuple):
    file: str
    data: bytes
    hole: tuple[int, int] = (0, 0)
    """An offset of `data`, and zeros that stand there in the file and take no room on the disk."""
    honest: bool = False
    """Whether loading it runs nothing."""
    severity: str = "warning"
    """At least this is said of a hostile file, at most this of an honest one."""
    names: tuple[str, ...] = ()
    """One of these stands in the message."""
    load: Loader = "torch.load"
    """What runs the code, or shows that the file is honest."""
    ignore: tuple[str, ...] = ()
    """Codes that the project of this file ignores."""
    keys: str = ""
    """The lines of `[tool.mar]` that pack it, if it is not the serialized file."""

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        start, zeros = self.hole
        with open(path, "wb") as file:
            file.write(self.data[:start])
            file.seek(zeros, 1)
            file.write(self.data[start:])
        return path
