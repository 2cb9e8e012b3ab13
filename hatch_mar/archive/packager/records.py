"""What builds record about an artifact. Whoever deletes a record loses no archive.

Several users may build into one directory, and put anything in the place of a record. No link is
followed, and what is not a regular file counts as no record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hatch_mar.archive.filesystem.regular import open_own, write_new
from hatch_mar.archive.filesystem.short_names import shorten_name
from hatch_mar.archive.packager.records_folder import find_records, is_linked, lock_folder

STAMP, OWNER = ".stamp", ".owner"
"""The two records: what the artifact was made from, and which project made it."""

LARGEST = 1 << 16
"""Bytes of a record; a name and a path have less."""


def record_file(path: Path, kind: str) -> Path:
    return find_records(path.parent) / f"{shorten_name(path.name)}{kind}"


def read_record(path: Path, kind: str) -> str:
    """The text of a record; empty if there is none that can be read."""
    file = record_file(path, kind)
    with suppress(OSError, ValueError):
        if not is_linked(file.parent):
            with open_own(file) as stream:
                data = stream.read(LARGEST + 1)
            return data.decode() if len(data) <= LARGEST else ""
    return ""


def write_record(path: Path, kind: str, text: str) -> None:
    """Replace a record in one step, within `lock_records`; nothing is done where it cannot be written."""
    file = record_file(path, kind)
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        if is_linked(file.parent):
            return
        draft = draft_of(file)
        write_new(draft, text.encode())
        try:
            os.replace(draft, file)
        except OSError:
            draft.unlink()


def draft_of(file: Path) -> Path:
    """One name for all builds, so that the next one overwrites what a killed one leaves."""
    return file.with_name(f"{file.name}.new")


def remove_record(path: Path, kind: str) -> None:
    """Remove a record, within `lock_records`, and the folder with the last one."""
    file = record_file(path, kind)
    with suppress(OSError):
        if is_linked(file.parent):
            return
        draft_of(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        file.parent.rmdir()


def has_records(path: Path) -> bool:
    files = [record_file(path, kind) for kind in (STAMP, OWNER)]
    return any(os.path.lexists(file) for file in files) and not is_linked(files[0].parent)


def remove_records(path: Path) -> None:
    for kind in (STAMP, OWNER):
        remove_record(path, kind)


def recorded_names(directory: Path) -> set[str]:
    """The names of the artifacts in `directory` that have records; of long names only a short form."""
    folder = find_records(directory)
    found = os.listdir(folder) if folder.is_dir() and not is_linked(folder) else []
    return {name.removesuffix(kind) for name in found for kind in (STAMP, OWNER) if name.endswith(kind)}


@contextmanager
def lock_records(path: Path) -> Iterator[None]:
    """Keep other builds from replacing the artifacts of this project, and their records, for a moment."""
    with lock_folder(path.parent):
        yield
