"""The build hook: archives beside the wheel and the sdist."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

from hatch_mar.archive.packager.pack import remove
from hatch_mar.build.plan import Planned, load, plan_project
from hatch_mar.build.run import build_all
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.hatch.project import HatchProject, abort_on_faults, relative, show_warnings
from hatch_mar.project.config.models import Config, path_of
from hatch_mar.project.config.reading import UNKNOWN
from hatch_mar.trial.dependencies import trial_dependencies

HATCHLING_KEYS = (
    "dependencies",
    "require-runtime-dependencies",
    "require-runtime-features",
    "enable-by-default",
)
"""What hatchling itself reads from every hook's table."""


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
        """What hatchling has installed for the build: torch, if an archive is tried in it, and only then."""
        if self.from_sdist or (self.thrown_away and self.target_name != "mar"):
            return []
        return trial_dependencies(self.metadata.config)

    def clean(self, versions: list[str]) -> None:
        """Remove the archives that the configuration names.

        Not those that this very build made, which `--clean-hooks-after` would throw away.
        """
        if self.thrown_away or self.from_sdist or self.built or versions == ["editable"]:
            return
        with abort_on_faults(self.app):
            for config in self.archives:
                remove(self.path(config), config.format)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay the archives out, so that a fault stops the build before the wheel is made."""
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
        """Whether nobody would keep an archive of this build.

        The `mar` target makes its own; pip builds into a temporary directory of which it
        moves the wheel alone.
        """
        return (
            self.target_name == "mar" or "PIP_BUILD_TRACKER" in os.environ or "HATCH_MAR_SKIP" in os.environ
        )

    @property
    def from_sdist(self) -> bool:
        """Whether the project is an unpacked sdist, which need not hold the weights."""
        return Path(self.root, "PKG-INFO").is_file()

    @property
    def for_sdists(self) -> bool:
        """Whether the hook was there when the sdist was built, and wrote the archives then."""
        build = self.metadata.hatch.build_config
        sdist = build.get("targets", {}).get("sdist", {})
        return "mar" in build.get("hooks", {}) or "mar" in sdist.get("hooks", {})

    @cached_property
    def archives(self) -> tuple[Config, ...]:
        return load(HatchProject(Path(self.root), self.metadata))

    @property
    def build_directory(self) -> Path:
        """hatchling's may be relative to the project, as in `hatch build out`."""
        return Path(self.root, self.directory)

    def path(self, config: Config) -> Path:
        return path_of(config, Path(self.root), self.build_directory)

    def refuse_options(self) -> None:
        place = Place(None, None, ("tool", "hatch", "build", "hooks", "mar"))
        findings = [
            UNKNOWN.at(
                place.within(key),
                f"Unknown option `{key}` for build hook `mar`",
                "options belong in `[tool.mar]`",
            )
            for key in self.config
            if key not in HATCHLING_KEYS
        ]
        if findings:
            raise ConfigError(*findings)

    def warn_of_missing(self) -> None:
        """A hook for the wheel alone does nothing where frontends build the wheel from the sdist."""
        for config in self.archives:
            # an archive with an `export-path` is not to be seen from an unpacked sdist
            if self.for_sdists and (config.export_path or self.path(config).exists()):
                continue
            self.app.display_warning(
                f"Archive not built: `{config.file_name}`, since this wheel is built from an unpacked"
                " sdist; declare the hook for all targets, as `[tool.hatch.build.hooks.mar]`"
            )
