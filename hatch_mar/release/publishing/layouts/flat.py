"""`NAME-VERSION.mar`, so that one folder can have all versions of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.layouts.demands import require_plain_version
from hatch_mar.release.publishing.ready import Ready, Upload

OWN_FOLDER = None


def make_uploads(archives: Sequence[Ready], scratch: Path) -> list[Upload]:  # noqa: ARG001
    return [Upload(name_file(archive), archive.path) for archive in archives]


def name_file(archive: Ready) -> str:
    if not archive.format.suffix:
        raise ReleaseError(
            f"Cannot publish the directory `{archive.path.name}` as one file; use another `archive-format`"
            " than `no-archive`"
        )
    require_plain_version(archive)
    return join_name(archive.name, archive.version, archive.format.suffix)


def join_name(name: str, version: str | None, suffix: str) -> str:
    """The name of a published file, which a deployment looks for."""
    return f"{name}-{version}{suffix}" if version else f"{name}{suffix}"
