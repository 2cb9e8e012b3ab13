"""Why an archive cannot be written to its place."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hatch_mar.archive.filesystem.regular import NOT_REGULAR
from hatch_mar.archive.formats.format import Format
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.errors import PackError

TOO_LONG = "its name is too long for the file system"


def refuse_obstacle(path: Path, form: Format) -> None:
    """Raise PackError if `path`, or what should be a directory above it, is something that no build wrote."""
    refuse_file_above(path)
    if form.suffix and path.is_dir():
        raise PackError(f"Cannot write `{path}`: a directory of that name exists; move it away")
    if form.suffix and path.exists() and not path.is_file():
        raise PackError(f"Cannot write `{path}`: it is {NOT_REGULAR}; move it away")
    if not form.suffix and os.path.lexists(path) and not (path / MANIFEST_NAME).is_file():
        raise PackError(f"Cannot write `{path}`: it exists and is not a model archive; move it away")


def refuse_file_above(path: Path) -> None:
    """Raise PackError if what should be a directory above `path` is none."""
    above = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not above.is_dir():
        raise PackError(f"Cannot write `{path}`: `{above}` is not a directory; move it away")


def is_name_too_long(path: Path) -> bool:
    """Whether the file system has no names as long as this one; the folders above it may still be missing."""
    folder = next(folder for folder in path.absolute().parents if os.path.isdir(folder))
    try:
        os.lstat(folder / path.name)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


@contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Raise the errors of the system as PackErrors that name the path."""
    try:
        yield
    except OSError as error:
        message = f"Cannot write `{path}`: {error.strerror or error}"
        if error.filename and Path(error.filename) not in (path, Path(path.name)):
            message += f" (`{error.filename}`)"
        raise PackError(message) from error
