"""A project that `hatch_mar.backend` builds."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_mar.project.config.unchecked import find_values
from hatch_mar.project.delegate import load_delegate
from hatch_mar.project.hook_process import call_hook
from hatch_mar.project.pyproject import PyProject

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

PREPARE = "prepare_metadata_for_build_wheel"


class WrappedProject(PyProject):
    """A project whose wrapped backend is asked, in this environment, for what `pyproject.toml` leaves to it.

    The backend is given the config settings of the build.

    Raises:
        ConfigError: also if the backend cannot be imported.
    """

    def __init__(self, root: Path, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(root)
        self.delegate = load_delegate(self.pyproject)
        self.settings = settings
        self.built: Path | None = None

    @cached_property
    def metadata(self) -> PackageMetadata:
        if not hasattr(self.delegate, PREPARE):
            folders = {name.partition("/")[0] for name in self.wheel.namelist()}
            [info] = (folder for folder in folders if folder.endswith(".dist-info"))
            return PathDistribution(zipfile.Path(self.wheel, f"{info}/")).metadata
        with tempfile.TemporaryDirectory(prefix="hatch-mar-") as directory:
            info = call_hook(self, PREPARE, directory, self.settings)
            return PathDistribution(Path(directory, info)).metadata

    def take_wheel(self, path: Path) -> None:
        """Use a wheel that has been built, instead of another."""
        self.built = path
        vars(self).pop("wheel", None)

    def build_wheel(self, directory: str) -> str:
        if self.built:
            return str(self.built)
        return os.path.join(directory, call_hook(self, "build_wheel", directory, self.settings))


def may_need_wheel(pyproject: Mapping[str, Any]) -> bool:
    """Whether an archive may take its files or its metadata from a wheel of the wrapped backend.

    The tables are read without validating them, which the build does later.
    """
    project = pyproject.get("project")
    has_metadata = isinstance(project, dict) and not project.get("dynamic")
    return not has_metadata or any(value is True for value in find_values(pyproject, "include-project"))
