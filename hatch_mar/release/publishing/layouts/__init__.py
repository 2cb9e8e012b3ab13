"""The names of published archives and the files beside them, for each kind of server.

Each layout of `[tool.mar.publish]` is the module of its name here, imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from hatch_mar.archive.checksums import SUFFIX
from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.ready import Ready, Upload
from hatch_mar.text import quote_some


class Layout(Protocol):
    """What a layout's module has."""

    OWN_FOLDER: str | None
    """The folder below the destination that may have no other files; empty for the destination itself."""

    def make_uploads(self, archives: Sequence[Ready], scratch: Path) -> list[Upload]:
        """The files of a folder, from its archives. Archives that are packed again are in `scratch`."""


def load_layout(name: str) -> Layout:
    return cast("Layout", import_module(f"{__name__}.{name}"))


def make_uploads(layout: str, archives: Sequence[Ready], scratch: Path) -> list[Upload]:
    """The files of one folder, in the order in which they are to be published.

    Args:
        layout: the name of a layout.
        archives: those that go to the folder.
        scratch: a private directory, for archives that have to be packed again.

    Raises:
        ReleaseError: the layout does not support one of the archives, or not all in one folder.
        ReadError: an archive cannot be read.
    """
    uploads = load_layout(layout).make_uploads(archives, scratch)
    first: dict[str, Upload] = {}
    for upload in uploads:
        other = first.setdefault(upload.name, upload)
        if other is not upload:
            both = " and ".join(f"`{each.source!s}`" for each in (other, upload))
            raise ReleaseError(
                f"{both} would both be published as `{upload.name}`; publish only one of them, or each to its"
                " own folder"
            )
    return uploads


def refuse_others(layout: str, uploads: Iterable[Upload], list_names: Callable[[str], Iterable[str]]) -> None:
    """Refuse to publish to a folder that holds other things, if the layout needs it for itself.

    Args:
        layout: the name of a layout.
        uploads: what is to be published.
        list_names: gives the names of the files in a folder below the destination.

    Raises:
        ReleaseError: something lies there that is not among the uploads.
    """
    folder = load_layout(layout).OWN_FOLDER
    if folder is None:
        return
    ours = {upload.name.removeprefix(f"{folder}/") for upload in uploads}
    if others := sorted(set(filter(is_release, list_names(folder))) - ours):
        raise ReleaseError(
            f"The layout `{layout}` needs a folder of its own, but this one already has {quote_some(others)};"
            " publish all archives of a folder with one command, or publish these to another folder"
        )


def is_release(name: str) -> bool:
    """Whether a file may be one that somebody published, and is not a sidecar, a draft or a folder."""
    hidden = any(not part or part.startswith(".") for part in name.split("/"))
    return not hidden and not name.endswith(SUFFIX)
