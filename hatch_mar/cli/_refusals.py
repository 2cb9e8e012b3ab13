"""What keeps a build from writing archives that a command proposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hatch_mar.budget import Budget
from hatch_mar.checks.configured import find_faults
from hatch_mar.errors import LayoutError
from hatch_mar.finding import Finding
from hatch_mar.project.config.models import Config
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.timestamp import build_instant


def find_refusals(configs: Iterable[Config], root: Path, project: Project | None = None) -> Iterator[str]:
    """Why a build of the project at `root` would write none of its archives."""
    budget = Budget()
    for config in configs:
        faults: Sequence[Finding | str]
        try:
            archive = lay_out(config, root, build_instant(), project)
            found = find_faults(config, archive, root, budget)
            faults = [each for each in found if each.severity == "error"]
        except LayoutError as error:
            faults = error.causes
        yield from (f"a build refuses archive `{config.name}`: {fault}" for fault in faults)
