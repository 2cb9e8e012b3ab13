"""What an archive may take from the project around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from hatch_mar.archive.archive import Member
from hatch_mar.finding import Rule

METADATA = Rule(
    code="MAR026",
    severity="error",
    title="The project's metadata lacks what an archive takes from it",
    consequence="the archive's requirements, or its code, cannot be known",
    fix="name what the project has",
)


class Project(Protocol):
    """A project, as hatchling or a plain `pyproject.toml` knows it.

    What may be expensive to know, since a build backend must be asked, is a method.
    """

    @property
    def root(self) -> Path: ...

    @property
    def reproducible(self) -> bool:
        """Whether archives are dated as hatchling dates its wheels, rather than by the clock."""

    @property
    def pyproject(self) -> Mapping[str, Any]:
        """The whole of `pyproject.toml`."""

    def name(self) -> str: ...

    def version(self) -> str: ...

    def dependencies(self) -> list[str]:
        """`project.dependencies`, as PEP 508 requirements."""

    def optional_dependencies(self) -> Mapping[str, list[str]]: ...

    def wheel_files(self) -> Iterable[Member]:
        """What the project's wheel would ship, as it would lie in `site-packages`."""
