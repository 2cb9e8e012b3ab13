"""A project's `.gitignore`: what it ignores, and patterns for built archives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.archive.filesystem.regular import read_bytes

GITIGNORE = ".gitignore"
LARGEST, MOST_LINES = 1 << 20, 10_000
"""Bytes and lines that are read to know what is ignored. git reads all, in far less memory."""


def pattern_for(path: Path, suffix: str) -> str:
    """The line of a `.gitignore` for an archive, and for others with its suffix beside it.

    `path` is relative to the project, where hatchling takes the line to begin.
    """
    folder, _, name = escape_pattern(f"/{path.as_posix()}").rpartition("/")
    return f"{folder}/*{suffix}" if suffix else f"{folder}/{name}/"


def escape_pattern(path: str) -> str:
    """A path as a pattern that matches only this path, if it does not begin with a sign of patterns."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", path)


def find_nearest(root: Path) -> Path | None:
    """The only one that hatchling reads: the nearest one, up to the root of the repository."""
    return next((file for file in list_files(root) if file.is_file()), None)


def is_ignored(path: Path, root: Path) -> bool:
    """Whether git ignores a file of the project at `root`; a pattern is relative to the file it is in."""
    from pathspec import GitIgnoreSpec

    for file in list_files((root / path).parent):
        if file.is_file():
            spec = GitIgnoreSpec.from_lines(read_lines(file))
            if spec.match_file((root / path).relative_to(file.parent)):
                return True
    return False


def list_files(folder: Path) -> Iterator[Path]:
    """Where git looks for one, from a directory up to the root of its repository."""
    for each in (folder, *folder.parents):
        yield each / GITIGNORE
        if (each / ".git").exists():
            return


def add_lines(patterns: Sequence[str], file: Path) -> None:
    """Add patterns at the end of a file, which is created if it does not exist.

    Raises:
        OSError: it cannot be read or written.
    """
    text = read(file) if file.exists() else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    text += newline if text and not text.endswith("\n") else ""
    text += "".join(f"{pattern}{newline}" for pattern in patterns)
    replace_file(file, text.encode("utf-8", "surrogateescape"))


def read_lines(file: Path) -> list[str]:
    """The patterns, as far as they are read."""
    return read(file, LARGEST).splitlines()[:MOST_LINES]


def read(file: Path, most: int = -1) -> str:
    return read_bytes(file, most).decode("utf-8", "surrogateescape")
