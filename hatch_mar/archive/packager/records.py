"""What builds record about an artifact. Whoever deletes a record loses no archive.

Several users may build into one directory, and put anything in the place of a record. No link is
followed, and what is not a regular file counts as no record.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.filesystem.folder import name_draft
from hatch_mar.archive.filesystem.short_names import shorten_name
from hatch_mar.archive.packager.records_folder import open_records

STAMP, OWNER = ".stamp", ".owner"
"""The two records: what the artifact was made from, and which project made it."""

LARGEST = 1 << 16
"""Bytes of a record; a name and a path have less."""


def read_record(path: Path, kind: str) -> str:
    """The text of a record; empty if there is none that can be read."""
    with suppress(OSError, ValueError), open_records(path.parent) as folder:
        data = folder.read(name_record(path, kind), LARGEST + 1)
        return data.decode() if len(data) <= LARGEST else ""
    return ""


def write_record(path: Path, kind: str, text: str) -> None:
    """Replace a record in one step, within `lock_records`; nothing is done where it cannot be written."""
    with suppress(OSError), open_records(path.parent, make=True) as folder:
        folder.replace(name_record(path, kind), text.encode())


def remove_record(path: Path, kind: str) -> None:
    """Remove a record, within `lock_records`, and the folder with the last one."""
    name = name_record(path, kind)
    with suppress(OSError), open_records(path.parent, make=True) as folder:
        folder.remove(name_draft(name))
        folder.remove(name)


def name_record(path: Path, kind: str) -> str:
    return f"{shorten_name(path.name)}{kind}"


def has_records(path: Path) -> bool:
    return shorten_name(path.name) in recorded_names(path.parent)


def remove_records(path: Path) -> None:
    for kind in (STAMP, OWNER):
        remove_record(path, kind)


def recorded_names(directory: Path) -> set[str]:
    """The names of the artifacts in `directory` that have records; of long names only a short form."""
    with suppress(OSError), open_records(directory) as folder:
        found = folder.names()
        return {name.removesuffix(kind) for name in found for kind in (STAMP, OWNER) if name.endswith(kind)}
    return set()
