"""TorchServe model archives, declared in `pyproject.toml` and built by `hatch build`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hatch_mar.__about__ import __version__

if TYPE_CHECKING:
    from hatch_mar.api import load as load
    from hatch_mar.api import model_archive as model_archive
    from hatch_mar.api import pack as pack
    from hatch_mar.archive.archive import Archive as Archive
    from hatch_mar.archive.archive import Member as Member
    from hatch_mar.archive.formats.reader import read as read
    from hatch_mar.archive.manifest import Manifest as Manifest
    from hatch_mar.archive.packager.artifact import Artifact as Artifact
    from hatch_mar.errors import HatchMarError as HatchMarError

HOMES = {
    "load": "api",
    "model_archive": "api",
    "pack": "api",
    "read": "archive.formats.reader",
    "Archive": "archive.archive",
    "Artifact": "archive.packager.artifact",
    "HatchMarError": "errors",
    "Manifest": "archive.manifest",
    "Member": "archive.archive",
}
"""The module of each public name, imported when the name is first used."""

__all__ = [
    "Archive",
    "Artifact",
    "HatchMarError",
    "Manifest",
    "Member",
    "__version__",
    "load",
    "model_archive",
    "pack",
    "read",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        message = f"module `{__name__}` has no attribute `{name}`"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
