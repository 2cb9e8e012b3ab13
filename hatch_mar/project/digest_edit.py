"""Writes a remote file's digest into a project's `pyproject.toml`, keeping its comments and order."""

from __future__ import annotations

import os
from pathlib import Path

from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.archive.filesystem.locks import hold_lock
from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.archive.packager.records_folder import FOLDER
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import MAR, PYPROJECT, RemoteFile
from hatch_mar.project.edit import restore_newlines
from hatch_mar.project.toml import table_at

FILES = "remote-files"
LOCK = "pyproject.lock"


def require_tomlkit() -> None:
    """
    Raises:
        ConfigError: the package that edits is missing.
    """
    try:
        import tomlkit  # noqa: F401
    except ImportError:
        raise ConfigError("Option `--lock` needs tomlkit: pip install 'hatch-mar[cli]'") from None


def write_digest(root: Path, file: RemoteFile) -> None:
    """Give a remote file of the project the digest that it has here.

    The project is read anew, since a download takes long enough for people to edit it.

    Raises:
        ConfigError: the project has no such file any more, or its tables are written in a way that nothing
            can be added to.
        OSError: the project cannot be read or written.
    """
    require_tomlkit()
    from hatch_mar.project.toml_text import CannotEdit, TomlText

    path = Path(os.path.realpath(root / PYPROJECT))
    digest = f'sha256 = "{file.sha256}"'
    # or of two that write at the same time, one would lose its digest
    with hold_lock(path.parent / FOLDER / LOCK, path.parent, holder="`hatch-mar fetch --lock`"):
        original = read_bytes(path).decode()
        text = TomlText(original)
        try:
            tables = table_at(text.content, *MAR)[FILES]
            index = [(table["path"], table["url"]) for table in tables].index((file.path, file.url))
        except (KeyError, TypeError, ValueError):
            raise ConfigError(f"`{path}` has changed meanwhile; write {digest} there by hand") from None
        try:
            text.set_in_array((*MAR, FILES), index, "sha256", file.sha256 or "")
        except CannotEdit as error:
            raise ConfigError(f"Cannot edit `{path}`, because {error}; write {digest} by hand") from None
        replace_file(path, restore_newlines(text.text, original).encode())
