"""The interface of a project: what an archive may take from it."""

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
    consequence="the archive's requirements, or its code, cannot be determined",
    fix="name an existing extra or group",
)


class Project(Protocol):
    """A project that hatchling builds, or one read from its `pyproject.toml`.

    Whatever may require calling a build backend, which is slow, is a method.
    """

    @property
    def root(self) -> Path: ...

    @property
    def reproducible(self) -> bool:
        """Whether archives get a fixed date, as hatchling's wheels do, instead of the current time."""

    @property
    def pyproject(self) -> Mapping[str, Any]:
        """The parsed `pyproject.toml`."""

    def name(self) -> str: ...

    def version(self) -> str: ...

    def dependencies(self) -> list[str]:
        """`project.dependencies`, as PEP 508 requirements."""

    def optional_dependencies(self) -> Mapping[str, list[str]]: ...

    def wheel_files(self) -> Iterable[Member]:
        """The files of the project's wheel, named as in `site-packages`."""
