"""What builds record about an artifact, in the hidden folder `.hatch` next to it.

hatchling leaves folders of that name out of wheels and sdists, and `dist/*` does not match it.
Whoever deletes it loses no archive.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from hatch_mar.archive.filesystem.locks import hold_lock
from hatch_mar.archive.filesystem.short_names import shorten_name

FOLDER, LOCK = ".hatch", "lock"

STAMP, OWNER = ".stamp", ".owner"
"""The two records: what the artifact was made from, and which project made it."""


def record_file(path: Path, kind: str) -> Path:
    return path.parent / FOLDER / f"{shorten_name(path.name)}{kind}"


def read_record(path: Path, kind: str) -> str:
    """The text of a record; empty if there is none that can be read."""
    with suppress(OSError, ValueError):
        return record_file(path, kind).read_text(encoding="utf-8")
    return ""


def write_record(path: Path, kind: str, text: str) -> None:
    """Replace a record in one step; nothing is done where it cannot be written."""
    file = record_file(path, kind)
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        # one name for all builds, so that the next one overwrites what a killed one leaves
        draft = file.with_name(f"{file.name}.new")
        draft.write_text(text, encoding="utf-8")
        try:
            os.replace(draft, file)
        except OSError:
            draft.unlink()


def remove_record(path: Path, kind: str) -> None:
    """Remove a record, and the folder with the last one."""
    file = record_file(path, kind)
    with suppress(OSError):
        file.unlink(missing_ok=True)
        file.parent.rmdir()


def has_records(path: Path) -> bool:
    return any(record_file(path, kind).exists() for kind in (STAMP, OWNER))


def remove_records(path: Path) -> None:
    for kind in (STAMP, OWNER):
        remove_record(path, kind)


def recorded_names(folder: Path) -> set[str]:
    """The names of the artifacts in `folder` that have records; of long names only the hidden form."""
    found = os.listdir(folder / FOLDER) if (folder / FOLDER).is_dir() else []
    return {name.removesuffix(kind) for name in found for kind in (STAMP, OWNER) if name.endswith(kind)}


def lock_records(path: Path) -> AbstractContextManager[None]:
    """Keep other builds from replacing the artifacts in this folder, and their records, for a moment."""
    return hold_lock(path.parent / FOLDER / LOCK)
