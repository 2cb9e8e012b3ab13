"""What published archives are called, and what lies beside them, for each kind of server.

A layout is a function that makes the files of one folder from the archives that go there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.layouts import flat, kserve, sagemaker, vertex
from hatch_mar.release.publishing.ready import Ready, Upload
from hatch_mar.text import quote_some


class Layout(NamedTuple):
    """The files that a server expects."""

    make_uploads: Callable[[Sequence[Ready], Path], list[Upload]]
    """Makes the files of a folder from its archives. What has to be packed again is written to the path."""
    own_folder: str | None = None
    """The folder in which nothing else may lie, below the destination; empty for the destination itself."""


LAYOUTS = {
    "flat": Layout(flat.make_uploads),
    "kserve": Layout(kserve.make_uploads, kserve.STORE),
    "vertex": Layout(vertex.make_uploads, ""),
    "sagemaker": Layout(sagemaker.make_uploads),
}
"""By the names that `layout` and `--layout` have for them."""


def make_uploads(layout: str, archives: Sequence[Ready], scratch: Path) -> list[Upload]:
    """The files of one folder, in the order in which they are to be published.

    Args:
        layout: the name of a layout.
        archives: those that go to the folder.
        scratch: a private directory, for files that have to be packed.

    Raises:
        ReleaseError: the layout cannot have one of the archives, or not all in one folder.
        ReadError: an archive cannot be read.
    """
    uploads = LAYOUTS[layout].make_uploads(archives, scratch)
    first: dict[str, Upload] = {}
    for upload in uploads:
        other = first.setdefault(upload.name, upload)
        if other is not upload:
            both = " and ".join(f"`{each.source!s}`" for each in (other, upload))
            raise ReleaseError(
                f"{both} would both be published as `{upload.name}`; publish one of them, or each to its own"
                " folder"
            )
    return uploads


def refuse_others(layout: str, uploads: Iterable[Upload], present: Iterable[str]) -> None:
    """Refuse to publish to a folder that holds other things, if the layout needs it for itself.

    Args:
        layout: the name of a layout.
        uploads: what is to be published.
        present: the names of what lies in the layout's `own_folder`, without sidecars and drafts.

    Raises:
        ReleaseError: something lies there that is not among the uploads.
    """
    folder = LAYOUTS[layout].own_folder
    if folder is None:
        return
    ours = {upload.name.removeprefix(f"{folder}/") for upload in uploads}
    if others := sorted(set(present) - ours):
        raise ReleaseError(
            f"The layout `{layout}` needs a folder for these archives alone, and {quote_some(others)} already"
            " lies there; publish all archives of a folder in one call, or these to another folder"
        )
