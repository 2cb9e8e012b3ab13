"""The requirements that layouts have for archives."""

from __future__ import annotations

from collections.abc import Sequence

from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.ready import Ready
from hatch_mar.text import quote, quote_each
from hatch_mar.torchserve import suffixes


def require_model(archive: Ready, layout: str) -> None:
    """
    Raises:
        ReleaseError: it is a workflow, which only TorchServe itself loads.
    """
    if archive.format.suffix == suffixes.WORKFLOW:
        raise ReleaseError(
            f"The layout `{layout}` does not support workflows: `{archive.path.name}`; use the layout `flat`"
        )


def require_mar(archive: Ready, layout: str) -> None:
    """
    Raises:
        ReleaseError: it is not a `.mar`, the only kind of archive that the server loads.
    """
    require_model(archive, layout)
    if archive.format.suffix != suffixes.MODEL:
        raise ReleaseError(
            f"The layout `{layout}` takes only `.mar` files, not `{archive.path.name}`; set"
            ' `archive-format = "default"`'
        )


def require_one(archives: Sequence[Ready], layout: str) -> Ready:
    """The only archive of a folder.

    Raises:
        ReleaseError: there are several, and all would get the same name.
    """
    if len(archives) > 1:
        names = quote_each(archive.path.name for archive in archives)
        one_model = len({archive.name for archive in archives}) == 1
        placeholder = "{version}" if one_model else "{model-name}"
        raise ReleaseError(
            f"The layout `{layout}` takes one archive per folder, not {names}; put `{placeholder}` into the"
            " destination, so that each gets its own"
        )
    return archives[0]


def require_plain_version(archive: Ready) -> None:
    """
    Raises:
        ReleaseError: a file with the version in its name could not be loaded.
    """
    if ".." in (version := archive.version or "") or any(character in version for character in '/\\"'):
        raise ReleaseError(
            f"The version {quote(version)} of `{archive.path.name}` cannot be part of a file's name; give the"
            " model one without slashes, quotation marks or `..`"
        )
