"""The formats an archive can be written in, by torch-model-archiver's names for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats import directory, mar, tgz
from hatch_mar.archive.formats.options import Packing
from hatch_mar.torchserve import suffixes


class Format(NamedTuple):
    """How an archive is written."""

    suffix: str
    """What its file's name ends in; empty for a directory."""
    container: str
    """What it is read as: `zip`, `tgz` or `directory`."""
    write: Callable[[Archive, Path, Packing], None]
    """Writes an archive to a path where nothing is."""


FORMATS = {
    "default": Format(suffixes.MODEL, "zip", mar.write),
    "tgz": Format(suffixes.TGZ, "tgz", tgz.write),
    "no-archive": Format("", "directory", directory.write),
    "zip-store": Format(suffixes.MODEL, "zip", mar.write_stored),
}

WORKFLOW = Format(suffixes.WORKFLOW, "zip", mar.write)


def find_format(container: str) -> Format:
    """The format by default in which an archive is written that is read as this."""
    return next(each for each in FORMATS.values() if each.container == container)
