"""The lines that a build shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.build.plan import Planned
from hatch_mar.finding import Finding, merge, name_archives


def line_of(artifact: Artifact, root: Path) -> str:
    """The line for an artifact of the project at `root`."""
    return relative(artifact.path, root) + (" (unchanged)" if artifact.unchanged else "")


def relative(path: Path, root: Path) -> str:
    """A path as hatch prints those of its artifacts: relative to the project at `root` if it is inside."""
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)


def list_warnings(planned: Iterable[Planned]) -> Iterator[str]:
    """A line for each warning, once for all archives that share it."""
    planned = [*planned]
    names = [one.config.name for one in planned]
    for finding in merge_warnings(planned):
        yield f"Warning: {finding}{name_archives(finding, names)}"


def merge_warnings(planned: Iterable[Planned]) -> list[Finding]:
    """Each warning once, for all archives that share it."""
    return merge(finding for one in planned for finding in one.warnings)
