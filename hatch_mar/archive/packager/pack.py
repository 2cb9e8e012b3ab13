"""Writing an archive to its place, whole or not at all, and deleting it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.filesystem.atomic import exchange, move, put_away, workspace
from hatch_mar.archive.filesystem.folder import Folder
from hatch_mar.archive.filesystem.walk import files_of, is_executable
from hatch_mar.archive.formats.format import Format
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.foreign import WAY_OUT, describe_foreign, find_foreign
from hatch_mar.archive.packager.mode import set_mode
from hatch_mar.archive.packager.obstacles import (
    TOO_LONG,
    explain_write_errors,
    is_name_too_long,
    refuse_obstacle,
)
from hatch_mar.archive.packager.owner import Owner, adopt, claim, refuse_others
from hatch_mar.archive.packager.records import remove_records
from hatch_mar.archive.packager.records_folder import lock_records
from hatch_mar.archive.packager.unchanged import (
    find_change,
    fingerprint_inputs,
    remember,
    renew_stamp,
    settle_inputs,
)
from hatch_mar.errors import PackError
from hatch_mar.names import name_fault
from hatch_mar.output import explain


def pack_as(
    archive: Archive,
    path: Path,
    form: Format,
    packing: Packing,
    *,
    force: bool = True,
    settings: str | None = None,
    accept: Callable[[Path], object] | None = None,
    owner: Owner | None = None,
    mode: int | None = None,
) -> Artifact:
    """Write `archive` to `path`, replacing an older one in a single step.

    The bytes are written to a temporary directory next to `path`, and moved there when they
    are complete. An archive with the same bytes is left as it is. With `settings`, which say
    what else decided its content, an archive is not even read if it and its inputs look as
    they did after the last build.

    `accept` is called with the path of the complete draft, and may raise to keep it from
    replacing anything.

    The archive then belongs to `owner`, and no other project may replace it. With `mode`, its files
    have that mode whatever the umask is, and so does an archive that was left as it was.

    Raises:
        PackError: the archive cannot be written, or `path` has something that must not be
            replaced: without `force` another archive, another project's archive, something
            that is not an archive, or files in its directory that no build wrote.
    """
    for member in archive.members:
        if fault := name_fault(member.name):
            raise PackError(f"Archive member `{member.name}` {fault}")
    with explain_write_errors(path):
        if is_name_too_long(path):
            raise PackError(f"Cannot write `{path}`: {TOO_LONG}; choose a shorter one")
        refuse_obstacle(path, form)
        if owner:
            refuse_others(path, owner)
        began = time.time_ns()
        inputs = fingerprint_inputs(archive, packing, settings) if settings else None
        change = find_change(path, inputs)
        if inputs and not change:
            explain(f"Not packing `{path}`: nothing has changed since the last build")
            if keep(path, owner, mode):
                renew_stamp(path, inputs)
            return Artifact(path, unchanged=True)
        explain(f"Packing `{path}`" + (f": {change}" if settings else ""))
        # before they are read, since a mapped file may change from then on
        settled = inputs is not None and settle_inputs(archive)
        path.parent.mkdir(parents=True, exist_ok=True)
        unchanged = write(archive, path, form, packing, force=force, accept=accept, owner=owner, mode=mode)
        if settings:
            # a file that has vanished since it was read is not an error, but cannot be remembered
            with suppress(OSError):
                same = settled and inputs == fingerprint_inputs(archive, packing, settings)
                remember(path, inputs if same else None, archive, began)
    return Artifact(path, unchanged)


def keep(path: Path, owner: Owner | None, mode: int | None) -> bool:
    """Leave the artifact at `path` as it is, but for its owner and its mode; whether it had another mode."""
    if owner:
        adopt(path, owner)
    return mode is not None and set_mode(path, mode)


def write(
    archive: Archive,
    path: Path,
    form: Format,
    packing: Packing,
    *,
    force: bool,
    accept: Callable[[Path], object] | None,
    owner: Owner | None,
    mode: int | None,
) -> bool:
    """Write `archive`, and return whether it was at `path` already."""
    with workspace(path) as place:
        draft = place.path / path.name
        form.write(archive, draft, packing)
        if mode is not None:
            set_mode(place.at(path.name), mode, folder=place.descriptor)
        if accept:
            accept(draft)
        with suppress(FileNotFoundError):  # another build has just replaced it
            if have_same_content(draft, path):
                keep(path, owner, mode)
                return True
        if not force and os.path.lexists(path):
            raise PackError(f"File already exists and differs: `{path}`; delete it or set `force = true`")
        with claim(path, owner):
            if foreign := find_foreign(path, archive):
                raise PackError(f"Cannot replace `{path}`: {describe_foreign(foreign)}; {WAY_OUT}")
            move_into_place(place, path)
    return False


def move_into_place(place: Folder, path: Path) -> None:
    try:
        move(place, path)
    except OSError:
        # no system replaces a directory that has files
        if not ((place.path / path.name).is_dir() and path.is_dir()):
            raise
        exchange(place, path)


def remove_artifact(path: Path, form: Format) -> None:
    """Delete the artifact at `path`, if there is one, and what was recorded about it.

    Raises:
        PackError: it cannot be deleted, is not an archive, or has files that no build wrote.
    """
    with explain_write_errors(path):
        if os.path.lexists(path):
            refuse_obstacle(path, form)
        with lock_records(path):
            if foreign := find_foreign(path):
                raise PackError(f"Cannot delete `{path}`: {describe_foreign(foreign)}; {WAY_OUT}")
            discard(path)
            remove_records(path)


def discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # in one step, since an interruption must not leave half an archive
        with workspace(path) as place:
            put_away(path, place)
    else:
        path.unlink(missing_ok=True)


def have_same_content(one: Path, other: Path) -> bool:
    """Whether two files, or two directories of files, have the same content, whatever the umask was."""
    import filecmp

    if not other.exists() or one.is_dir() != other.is_dir():
        return False
    if not one.is_dir():
        return filecmp.cmp(one, other, shallow=False)
    ours, theirs = files_of(one), files_of(other)
    return [path.relative_to(one) for path in ours] == [path.relative_to(other) for path in theirs] and all(
        is_executable(a) == is_executable(b) and filecmp.cmp(a, b, shallow=False)
        for a, b in zip(ours, theirs)
    )
