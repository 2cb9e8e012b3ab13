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
    """A file name's suffix, and what writes an archive to a path where nothing is."""

    suffix: str
    write: Callable[[Archive, Path, Packing], None]


FORMATS = {
    "default": Format(suffixes.MODEL, mar.write),
    "tgz": Format(suffixes.TGZ, tgz.write),
    "no-archive": Format("", directory.write),
    "zip-store": Format(suffixes.MODEL, mar.write_stored),
}

WORKFLOW = Format(suffixes.WORKFLOW, mar.write)
