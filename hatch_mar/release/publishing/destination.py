"""Resolves a destination: a name of `[tool.mar.publish]`, a directory or a URL."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hatch_mar.errors import ConfigError, ReleaseError
from hatch_mar.project.config.addresses import location
from hatch_mar.project.config.models import Destination
from hatch_mar.release.file_url import find_path
from hatch_mar.release.publishing.directory import Directory
from hatch_mar.release.publishing.ready import Ready
from hatch_mar.release.publishing.storage import Storage
from hatch_mar.text import did_you_mean, quote_each

MODEL_NAME, VERSION = "{model-name}", "{version}"


def find_destination(where: str, known: Mapping[str, Destination], root: Path) -> Destination:
    """The destination that `where` stands for. In a directory, `~` is the home directory, as a shell has it.

    Args:
        where: a name, a directory relative to the working directory, or a URL.
        known: the destinations of the project at `root`, to which their directories are relative.

    Raises:
        ConfigError: it is none of these, or a single word that the project, which has destinations, does not
            know.
    """
    if where in known:
        found = known[where]
        return found if "://" in found.url else found._replace(url=locate(found.url, root))
    is_word = where == os.path.basename(where) and not where.startswith((".", "~"))
    if known and is_word and not os.path.isdir(where):
        advice = did_you_mean(where, known) or f"the project has {quote_each(known)}."
        raise ConfigError(f"Unknown destination `{where}`; {advice} For a directory, write `./{where}`")
    try:
        return Destination(os.path.expanduser(location(where)))
    except ValueError as error:
        raise ConfigError(f"The destination {error}") from None


def locate(directory: str, root: Path) -> str:
    """The path of a directory that a project names."""
    return os.path.normpath(root / os.path.expanduser(directory))


def fill_in(destination: str, archive: Ready) -> str:
    """The folder of an archive.

    Raises:
        ReleaseError: it has `{version}`, and the archive's version is missing or cannot name a folder.
    """
    if VERSION not in destination:
        return destination.replace(MODEL_NAME, archive.name)
    version = archive.version
    if version is None:
        raise ReleaseError(
            f"`{archive.path.name}` has no version for `{VERSION}`; publish it to a destination without that"
        )
    if not re.fullmatch(r"[^/\\?#%\s]+", version) or version in (".", ".."):
        raise ReleaseError(
            f"The version `{version}` of `{archive.path.name}` cannot be the name of a folder; publish it"
            f" to a destination without `{VERSION}`"
        )
    return destination.replace(MODEL_NAME, archive.name).replace(VERSION, version)


def open_storage(destination: str) -> Storage:
    """The folder to publish to.

    Raises:
        ReleaseError: a `file://` URL names another machine, or the store cannot be used.
    """
    if "://" not in destination:
        return Directory(Path(destination))
    if destination.startswith(("file://", "local://")):
        return Directory(find_path(destination))
    from hatch_mar.release.publishing.object_store import ObjectStore

    return ObjectStore(destination)
