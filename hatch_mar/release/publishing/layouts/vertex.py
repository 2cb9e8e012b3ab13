"""`model.mar`, the only file in its folder, as Vertex AI's prebuilt containers load it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hatch_mar.release.publishing.layouts.demands import require_mar, require_one
from hatch_mar.release.publishing.ready import Ready, Upload

NAME = "vertex"
OWN_FOLDER = ""


def make_uploads(archives: Sequence[Ready], scratch: Path) -> list[Upload]:  # noqa: ARG001
    archive = require_one(archives, NAME)
    require_mar(archive, NAME)
    return [Upload("model.mar", archive.path)]
