"""An archive written as one artifact: whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import CHUNK, Archive
from hatch_mar.archive.filesystem.atomic import exchange, workspace
from hatch_mar.archive.filesystem.walk import files_of, is_executable
from hatch_mar.archive.formats import Format, Packing
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.archive.packager.unchanged import forget, inputs_of, leave, matches
from hatch_mar.errors import PackError
from hatch_mar.names import unsafe


class Artifact(NamedTuple):
    """What stands on disk after a build."""

    path: Path
    unchanged: bool
    """Whether it stood there already, and was left alone."""

    @property
    def size(self) -> int:
        """Bytes on disk; of a directory, those of its files."""
        return sum(path.stat().st_size for path in files_of(self.path))

    @property
    def sha256(self) -> str | None:
        """The file's digest in hexadecimal, or None for a directory. Costs a read of the file."""
        if self.path.is_dir():
            return None
        import hashlib

        digest = hashlib.sha256()
        with open(self.path, "rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    @property
    def content_digest(self) -> str:
        """One digest of names, modes and bytes, the same in every format. Costs a read of the members."""
        from hatch_mar.archive.archive import content_digest
        from hatch_mar.archive.formats.reader import read

        with read(self.path) as archive:
            return content_digest(archive)


def pack(
    archive: Archive,
    path: Path,
    form: Format,
    packing: Packing,
    *,
    force: bool = True,
    remember: str | None = None,
    accept: Callable[[Path], object] | None = None,
) -> Artifact:
    """Write `archive` to `path`, replacing an older one in a single step.

    The bytes go to a private place beside `path`, which is renamed when it is whole; an
    archive that already stands there with the same bytes is left untouched. With
    `remember`, which says what else decided about it, it is not even read where it and
    its inputs look as they did after the build before, of which a stamp is kept.

    `accept` is shown the whole draft, and may raise to keep it from its place.

    Raises:
        PackError: the archive cannot be written, or `path` holds something that must not
            be replaced: another archive without `force`, or what is no archive at all.
    """
    for member in archive.members:
        if fault := unsafe(member.name):
            raise PackError(f"Archive member `{member.name}` {fault}")
    with failing_at(path):
        refuse_foreign(path, form)
        began, inputs = time.time_ns(), inputs_of(archive, packing, remember) if remember else None
        unchanged = matches(path, inputs)
        if not unchanged:
            path.parent.mkdir(parents=True, exist_ok=True)
            unchanged = write(archive, path, form, packing, force=force, accept=accept)
            if remember:
                # a file that vanished since it was read is no fault, but nothing to remember
                with suppress(OSError):
                    same = inputs == inputs_of(archive, packing, remember)
                    leave(path, inputs if same else None, archive, began)
    return Artifact(path, unchanged)


def write(
    archive: Archive,
    path: Path,
    form: Format,
    packing: Packing,
    *,
    force: bool,
    accept: Callable[[Path], object] | None,
) -> bool:
    """Write `archive`, and say whether it stood at `path` already."""
    with workspace(path) as place:
        draft = place / path.name
        form.write(archive, draft, packing)
        if accept:
            accept(draft)
        with suppress(FileNotFoundError):  # what another build has just replaced is not the same
            if same_files(draft, path):
                return True
        if not force and os.path.lexists(path):
            raise PackError(f"File already exists and differs: `{path}`; delete it or set `force = true`")
        put(draft, path, place / "old")
    return False


def put(draft: Path, path: Path, old: Path) -> None:
    """Put a whole draft in its place, at once."""
    if not (draft.is_dir() and path.is_dir()):
        try:
            os.replace(draft, path)
            return
        except OSError:
            # unless another build has just put its directory there
            if not (draft.is_dir() and path.is_dir()):
                raise
    exchange(draft, path, old)


def remove(path: Path, form: Format) -> None:
    """Delete the artifact at `path`, if there is one, and what is known of it.

    Raises:
        PackError: it cannot be deleted, or is no archive.
    """
    with failing_at(path):
        if os.path.lexists(path):
            refuse_foreign(path, form)
            if path.is_dir() and not path.is_symlink():
                # all of it at once: what is interrupted must not leave half an archive
                with workspace(path) as place:
                    os.rename(path, place / "old")
            else:
                path.unlink()
        forget(path)


@contextmanager
def failing_at(path: Path) -> Iterator[None]:
    """Say what the system refused, and where."""
    try:
        yield
    except OSError as error:
        message = f"Cannot write `{path}`: {error.strerror or error}"
        if error.filename and Path(error.filename) != path:
            message += f" (`{error.filename}`)"
        raise PackError(message) from error


def refuse_foreign(path: Path, form: Format) -> None:
    """Raise PackError where `path` holds something that `form` would never have written."""
    if form.suffix and path.is_dir():
        raise PackError(f"Cannot write `{path}`: a directory of that name exists; move it away")
    if not form.suffix and os.path.lexists(path) and not (path / MANIFEST_NAME).is_file():
        raise PackError(f"Cannot write `{path}`: it exists and is not a model archive; move it away")


def same_files(one: Path, other: Path) -> bool:
    """Whether two files, or two directories of files, hold the same, whatever the umask was."""
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
