"""Which archives a command line means."""

from __future__ import annotations

from pathlib import Path

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.build.plan import load
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import Config, by_name
from hatch_mar.project.interface import Project


def is_path(name: str) -> bool:
    """Whether an argument is an archive on disk; a package's folder may be called as the model is."""
    path = Path(name)
    return path.is_file() or (path / MANIFEST_NAME).is_file() or (len(path.parts) > 1 and path.exists())


def chosen(project: Project, names: list[str]) -> list[Config]:
    """The archives of a project that are named, or all.

    Raises:
        ConfigError: the project has none of a name, or its `[tool.mar]` is at fault.
    """
    archives = by_name(load(project))
    if unknown := [name for name in names if name not in archives]:
        known = ", ".join(f"`{name}`" for name in archives)
        raise ConfigError(*(f"Unknown archive `{name}`; the project has {known}" for name in unknown))
    return [archives[name] for name in names or archives]
