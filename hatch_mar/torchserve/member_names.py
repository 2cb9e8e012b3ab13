"""Which names of members TorchServe cannot unpack (pytorch/serve, ZipUtils.java)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator

LONGEST_PART = 255
"""Bytes of one part of a path: NAME_MAX of Linux's file systems."""
LONGEST_NAME = 4000
"""Bytes of a whole name: PATH_MAX of Linux, less the folder that TorchServe unpacks to."""


def unpacking_fault(name: str) -> str | None:
    """Why a file of this name cannot be unpacked on Linux, or None if it can."""
    parts = name.split("/")
    if ".." in parts:
        return "has a `..` in its path"
    if parts[-1] in ("", "."):
        return "has no name of its own"
    if "\0" in name:
        return "has a null character in its name"
    longest = max(bytes_of(part) for part in parts)
    if longest > LONGEST_PART:
        return f"has a name of {longest} bytes, where Linux allows {LONGEST_PART}"
    if bytes_of(name) > LONGEST_NAME:
        return f"has a path of {bytes_of(name)} bytes, which is more than Linux allows"
    return None


def unpacked_path(name: str) -> str:
    """The path that a file of this name is unpacked to, or the name if it cannot be unpacked.

    One with a `..` that stays in the archive can be if the folders in front of it are there.
    """
    path: list[str] = []
    parts = name.split("/")
    for part in parts:
        if part == ".." and not path:
            return name
        if part == "..":
            path.pop()
        elif part not in ("", "."):
            path.append(part)
    if path == parts or parts[-1] in ("", ".", "..") or unpacking_fault("/".join(path)):
        return name
    return "/".join(path)


def bytes_of(name: str) -> int:
    return len(name) if name.isascii() else len(name.encode("utf-8", "surrogatepass"))


def files_that_are_folders(
    names: Collection[str], others: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """The names that are also a folder of another name, or of one of `others`, each with that name."""
    ordered = sorted(names if others is None else others)
    for name in sorted(names):
        position = bisect_left(ordered, f"{name}/")
        if position < len(ordered) and ordered[position].startswith(f"{name}/"):
            yield name, ordered[position]
