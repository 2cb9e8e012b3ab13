"""Hatch's settings for builds, read as hatchling reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.project.config.reading import VALUE, Fault
from hatch_mar.project.config.values import HATCHLING
from hatch_mar.project.toml import read_document, table_at

T = TypeVar("T")

HATCH_TOML = "hatch.toml"

LOCATION = "HATCH_BUILD_LOCATION"
"""The environment variable that wins over `directory` (hatchling/builders/plugin/interface.py, `build`)."""

PLUGIN_NAME = "mar"
"""The name of the build hook, and of the build target."""


class HatchSettings:
    """The table `[tool.hatch.build]` of a project, or `[build]` of its `hatch.toml`.

    Under any other backend than hatchling it is empty, whatever the files say; `apply` overrides which
    backend `pyproject.toml` names.

    Raises:
        ConfigError: `hatch.toml` cannot be read, or `build-system` is not a table.
    """

    def __init__(self, root: Path, pyproject: Mapping[str, Any], *, apply: bool | None = None) -> None:
        self.root = root
        backend = table_at(pyproject, "build-system").get("build-backend")
        if backend is None and "hatch" in table_at(pyproject, "tool"):
            backend = HATCHLING  # `python -m hatchling build` builds it all the same
        self.apply = backend == HATCHLING if apply is None else apply
        self.document = pyproject if self.apply else {}
        self.file = PYPROJECT
        self.key: tuple[str, ...] = ("tool", "hatch", "build")
        if self.apply and (root / HATCH_TOML).is_file():
            document = read_document(root / HATCH_TOML)
            # it replaces the other table as a whole (hatchling/metadata/core.py, `ProjectMetadata.hatch`)
            if "build" in document:
                self.document, self.file, self.key = document, HATCH_TOML, ("build",)

    @property
    def directory(self) -> Path:
        """Where `hatch build -t mar` writes the archives that have no `export-path`."""
        location = os.environ.get(LOCATION) if self.apply else None
        if location is None:
            location = self.read("directory", str, "a string", "dist")
        return Path(os.path.normpath(self.root / location))

    @property
    def reproducible(self) -> bool:
        """Whether archives get a fixed date instead of the current time."""
        return self.read("reproducible", bool, "a boolean", True)

    def read(self, key: str, kind: type[T], noun: str, default: T, *, target: str = PLUGIN_NAME) -> T:
        """A setting of a target, by default `mar`, or else of all targets.

        Raises:
            ConfigError: it is not of this kind.
        """
        for keys in (("targets", target), ()):
            table = self.table(*keys)
            if key not in table:
                continue
            value = table[key]
            if not isinstance(value, kind):
                raise ConfigError(Fault(VALUE, (), f"must be {noun}").at(self.place(*keys, key)))
            return value
        return default

    def hooks(self) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """The tables that enable the build hook, for all targets or for one, each with its place."""
        for keys in ((), *(("targets", name) for name in self.table("targets"))):
            if PLUGIN_NAME in self.table(*keys, "hooks"):
                yield self.place(*keys, "hooks", PLUGIN_NAME), self.table(*keys, "hooks", PLUGIN_NAME)

    def table(self, *keys: str) -> Mapping[str, Any]:
        """A table within the settings, or an empty one.

        Raises:
            ConfigError: something else is there.
        """
        return table_at(self.document, *self.key, *keys, file=self.file)

    def place(self, *keys: str) -> Place:
        return Place(self.file, None, (*self.key, *keys))
