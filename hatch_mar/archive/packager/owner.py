"""Which project an artifact belongs to, so that no project replaces another's.

The members of a workspace may be built into one directory, even at the same time. So the project
that writes an artifact is recorded: its name, and where it is relative to the artifact, which stays
true when the whole tree is copied or moved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.packager.records import OWNER, read_record, remove_record, write_record
from hatch_mar.archive.packager.records_folder import lock_records
from hatch_mar.errors import PackError

WAYS_OUT = (
    "set another `model-name`, `archive-name` or `export-path` in one of the two,"
    " or delete the archive if it is a leftover"
)


class Owner(NamedTuple):
    """A project that archives belong to."""

    name: str
    """Empty if it has none that is known."""
    root: Path

    def __str__(self) -> str:
        return f"project `{self.name}` (`{self.root}`)" if self.name else f"the project in `{self.root}`"


@contextmanager
def claim(path: Path, owner: Owner | None) -> Iterator[None]:
    """Replace the artifact at `path` in the block, and record whom it belongs to; without an owner, no one.

    Of several projects that claim a path at once, one succeeds.

    Raises:
        PackError: the artifact belongs to another project. The block is not run.
    """
    with lock_records(path):
        if owner is None:
            yield
            remove_record(path, OWNER)
            return
        refuse_others(path, owner)
        # before the block, since whoever is interrupted in between loses nothing of another project's
        if read_owner(path) != resolve(owner):
            write_record(path, OWNER, format_owner(owner, path))
        yield


def adopt(path: Path, owner: Owner) -> None:
    """Record that the artifact at `path`, which stays as it is, belongs to `owner`.

    Raises:
        PackError: it belongs to another project.
    """
    if read_owner(path) != resolve(owner):
        with claim(path, owner):
            pass


def refuse_others(path: Path, owner: Owner) -> None:
    """Raise PackError if `path` has an artifact of another project."""
    if conflict := describe_conflict(path, owner):
        raise PackError(f"{conflict}; {WAYS_OUT}")


def describe_conflict(path: Path, owner: Owner) -> str | None:
    """Why this project must not replace the artifact at `path`, or None.

    A project that was only renamed or only moved still is the same, and so is another checkout of it.
    """
    recorded = read_owner(path) if os.path.lexists(path) else None
    if recorded is None or recorded.root == resolve(owner).root:
        return None
    if recorded.name and recorded.name == owner.name:
        return None
    return f"Cannot write `{path}`: it belongs to {recorded}, and {owner} would replace it"


def read_owner(path: Path) -> Owner | None:
    """The project that the artifact at `path` is recorded to belong to."""
    with suppress(ValueError, TypeError, KeyError):
        record = json.loads(read_record(path, OWNER))
        return resolve(Owner(str(record["name"]), path.parent / record["root"]))
    return None


def format_owner(owner: Owner, path: Path) -> str:
    folder = os.path.realpath(path.parent)
    root = str(resolve(owner).root)
    with suppress(ValueError):  # on Windows, when they are on different disks
        root = os.path.relpath(root, folder)
    return json.dumps({"name": owner.name, "root": root.replace(os.sep, "/")})


def resolve(owner: Owner) -> Owner:
    return owner._replace(root=Path(os.path.realpath(owner.root)))
