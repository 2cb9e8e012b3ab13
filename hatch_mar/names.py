"""Which names a file may have inside an archive."""

from __future__ import annotations

import os
import unicodedata

RESERVED_FOLDERS = ("MAR-INF", "WAR-INF")

WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL"] + [device + digit for device in ("COM", "LPT") for digit in "123456789"]
)


def name_fault(name: str) -> str | None:
    """Why no archive may have a member with this name, or None.

    TorchServe refuses names that lead out of the archive (pytorch/serve, ZipUtils.java), and
    reads its manifest from a folder that is reserved for it.
    """
    parts = name.split("/")
    if not name or name.startswith("/") or name[1:2] == ":":
        return "must be relative to the archive's root"
    if any(part in ("", ".", "..") for part in parts):
        return "must not have empty, `.` or `..` parts"
    if "\\" in name or any(ord(character) < 32 for character in name):
        return "must not have backslashes or control characters"
    if parts[0].upper() in RESERVED_FOLDERS:
        return f"is in `{parts[0]}`, which is reserved for the manifest"
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "must be valid Unicode, since zips have no other names"
    return None


def windows_fault(name: str) -> str | None:
    """Why a file with this name cannot be unpacked on Windows, or None."""
    for part in name.split("/"):
        if part.partition(".")[0].rstrip(" ").upper() in WINDOWS_DEVICES:
            return f"cannot be unpacked on Windows, where `{part}` is a device"
        if part.endswith((".", " ")):
            return f"cannot be unpacked on Windows, where `{part}` may not end in a dot or space"
        if any(character in '<>:"|?*' for character in part):
            return f'cannot be unpacked on Windows, where `{part}` may not have any of `<>:"|?*`'
    return None


def name_from_disk(name: str) -> str:
    """A file's name from disk, whose bytes are UTF-8 whatever the locale makes of them."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def name_on_disk(name: str) -> str:
    """A member's name as the file system takes it, whatever the locale."""
    return os.fsdecode(name.encode("utf-8", "surrogateescape"))


def fold_name(name: str) -> str:
    """The name as macOS and Windows compare it."""
    return name if name.isascii() and name.islower() else unicodedata.normalize("NFC", name).casefold()
