"""The lines that a build shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hatch_mar.archive.packager.pack import Artifact
from hatch_mar.build.plan import Planned
from hatch_mar.finding import merge
from hatch_mar.text import escape


def describe(artifact: Artifact, root: Path) -> str:
    """An artifact's path, as hatch prints it: relative to the project at `root` if it is inside."""
    path = artifact.path
    shown = os.path.relpath(path, root) if path.is_relative_to(root) else str(path)
    return escape(shown) + (" (unchanged)" if artifact.unchanged else "")


def list_warnings(planned: Iterable[Planned]) -> Iterator[str]:
    """A line for each warning, once for all archives that share it."""
    for finding in merge(finding for one in planned for finding in one.warnings):
        yield f"Warning: {finding}"
