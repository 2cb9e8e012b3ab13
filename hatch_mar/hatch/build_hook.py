"""The build hook, which writes archives next to the wheel and the sdist."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

from hatch_mar.archive.packager.pack import remove_artifact
from hatch_mar.build.plan import Planned, load_configs, plan_project
from hatch_mar.build.run import build_all
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.hatch.project import HatchProject, abort_on_faults, relative, show_warnings
from hatch_mar.project.config.models import Config, path_of
from hatch_mar.project.hatch_hook import find_unknown_options
from hatch_mar.trial.dependencies import trial_dependencies

if TYPE_CHECKING:
    Interface = BuildHookInterface[Any]
else:  # hatchling 1.32.3 refuses the subscript at run time
    Interface = BuildHookInterface


class MarBuildHook(Interface):
    PLUGIN_NAME = "mar"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.planned: list[Planned] = []
        self.built = False

    def dependencies(self) -> list[str]:
        """The packages to install for the build: torch, if the build tries an archive, or none."""
        if self.from_sdist or (self.thrown_away and self.target_name != "mar"):
            return []
        return trial_dependencies(self.metadata.config)

    def clean(self, versions: list[str]) -> None:
        """Remove the archives that the configuration names.

        Those that this build wrote are kept, even with `--clean-hooks-after`.
        """
        if self.thrown_away or self.from_sdist or self.built or versions == ["editable"]:
            return
        with abort_on_faults(self.app):
            for config in self.archives:
                remove_artifact(self.path(config), config.format)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay out the archives, so that a fault stops the build before the wheel is built."""
        self.planned = []
        if self.thrown_away or version == "editable":
            return
        with abort_on_faults(self.app):
            self.refuse_options()
            if self.from_sdist:
                self.warn_of_missing()
                return
            project = HatchProject.of_build(self.build_config.builder, build_data)
            self.planned = plan_project(project, self.build_directory)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        with abort_on_faults(self.app):
            written = []
            artifacts = build_all(self.planned, quiet=self.app.verbosity < 0)
            for planned, artifact in zip(self.planned, artifacts):
                self.built = True
                written += [] if artifact.unchanged else [planned]
                unchanged = " (unchanged)" if artifact.unchanged else ""
                self.app.display_info(relative(artifact.path, Path(self.root)) + unchanged)
            show_warnings(written, self.app)

    @property
    def thrown_away(self) -> bool:
        """Whether the frontend would discard the archives of this build, or another plugin writes them.

        The builder of the `mar` target writes archives itself. pip builds into a temporary directory
        and keeps only the wheel.
        """
        return (
            self.target_name == "mar" or "PIP_BUILD_TRACKER" in os.environ or "HATCH_MAR_SKIP" in os.environ
        )

    @property
    def from_sdist(self) -> bool:
        """Whether the project is an unpacked sdist, which may not contain the weights."""
        return Path(self.root, "PKG-INFO").is_file()

    @property
    def for_sdists(self) -> bool:
        """Whether the hook is declared for sdists, so that the archives were written with the sdist."""
        build = self.metadata.hatch.build_config
        sdist = build.get("targets", {}).get("sdist", {})
        return "mar" in build.get("hooks", {}) or "mar" in sdist.get("hooks", {})

    @cached_property
    def archives(self) -> tuple[Config, ...]:
        return load_configs(HatchProject(Path(self.root), self.metadata))

    @property
    def build_directory(self) -> Path:
        """hatchling's `directory`, which may be relative to the project, as in `hatch build out`."""
        return Path(self.root, self.directory)

    def path(self, config: Config) -> Path:
        return path_of(config, Path(self.root), self.build_directory)

    def refuse_options(self) -> None:
        place = Place(None, None, ("tool", "hatch", "build", "hooks", "mar"))
        if findings := [*find_unknown_options(self.config, place)]:
            raise ConfigError(*findings)

    def warn_of_missing(self) -> None:
        """Warn of archives that are not built because the wheel is built from an sdist."""
        for config in self.archives:
            # an unpacked sdist does not show whether an archive with an `export-path` was written
            if self.for_sdists and (config.export_path or self.path(config).exists()):
                continue
            self.app.display_warning(
                f"Archive not built: `{config.file_name}`, since this wheel is built from an unpacked"
                " sdist; declare the hook for all targets, as `[tool.hatch.build.hooks.mar]`"
            )
