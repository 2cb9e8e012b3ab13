"""The build hook, which writes archives next to the wheel and the sdist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

from hatch_mar.archive.filesystem.atomic import clear_abandoned
from hatch_mar.build.clean import remove_archives
from hatch_mar.build.incomplete import remove_if_incomplete
from hatch_mar.build.keeping import (
    FROM_SDIST,
    LEFT_OUT_OF_SDIST,
    SKIPPED,
    came_with_sdist,
    leave_out,
    why_left_out,
)
from hatch_mar.build.plan import Planned, load_configs, plan_project
from hatch_mar.build.report import line_of, list_warnings
from hatch_mar.build.run import build_all
from hatch_mar.build.unwanted import find_older_inside
from hatch_mar.errors import CheckError, ConfigError, HatchMarError
from hatch_mar.finding import Finding, Place
from hatch_mar.hatch.added_files import explain_missing, find_hooks_to_come, find_outdated
from hatch_mar.hatch.display import abort_on_faults, inform, warn
from hatch_mar.hatch.project import HatchProject
from hatch_mar.hatch.shipping import Shipping, find_unwanted_in_sdist, raise_faults
from hatch_mar.project.config.models import PYPROJECT, Config, by_name
from hatch_mar.project.hatch_hook import find_unknown_options
from hatch_mar.project.layout.members import FILE_NOT_FOUND, NO_FILES
from hatch_mar.project.remote_files import MISSING
from hatch_mar.project.timestamp import build_instant
from hatch_mar.trial.dependencies import trial_dependencies

FOR_ALL = "declare the hook for all targets, as `[tool.hatch.build.hooks.mar]`"

if TYPE_CHECKING:
    Interface = BuildHookInterface[Any]
else:  # hatchling 1.32.3 refuses the subscript at run time
    Interface = BuildHookInterface


class MarBuildHook(Interface):
    """Plans archives in `initialize`, so that a fault ends the build before the wheel is built, and
    writes them in `finalize`, when all other hooks have run.

    An archive that is part of the wheel is the exception: it must be there before the wheel is built.
    """

    PLUGIN_NAME = "mar"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: list[str] = []
        self.planned: list[Planned] = []
        self.written: set[Path] = set()
        self.made_with_sdist: list[Config] = []

    def dependencies(self) -> list[str]:
        """The packages to install for the build: torch, if the build tries an archive, or none."""
        with abort_on_faults(self.app):
            if self.target_name != "mar" and why_left_out(Path(self.root)):
                return []
        return trial_dependencies(self.metadata.config)

    def clean(self, versions: list[str]) -> None:
        """Remove the archives that earlier builds wrote, under whatever version.

        Those that this build wrote are kept, even with `--clean-hooks-after`.
        """
        if self.target_name == "mar" or versions == ["editable"] or self.written:
            return
        with abort_on_faults(self.app):
            if why_left_out(Path(self.root), self.build_directory) not in (None, SKIPPED):
                return
            remove_archives(HatchProject(Path(self.root), self.metadata), self.build_directory)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Plan the archives, and write those that are to be part of what hatchling builds next."""
        self.names, self.planned, self.written, self.made_with_sdist = [], [], set(), []
        if self.target_name == "mar":
            return
        if version == "editable":
            inform(self.app, "Archives not built: an editable installation makes none")
            return
        with abort_on_faults(self.app):
            shipping = self.shipping(build_data)
            reason = why_left_out(Path(self.root), self.build_directory)
            self.names = self.leave_out(reason, shipping) if reason else [*by_name(self.archives)]
            if not self.names:
                return
            self.refuse_options()
            try:
                self.planned = self.plan(build_data)
            except CheckError as error:
                if not all(map(may_be_fixed_later, error.causes)):
                    raise
                if not hooks_after(build_data):
                    hints = explain_missing(self.build_config.builder, build_data)
                    raise CheckError(*error.causes, *hints) from None
            for one in self.planned:
                clear_abandoned(one.path)  # or hatchling may take what a killed build has left
            self.write(one for one in self.planned if shipping.is_meant(one.config))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Write the archives with what all hooks have made, and say what is not in them.

        If that fails, the wheel or the sdist is removed: it comes without its archives, or has old ones.
        """
        builder, later = self.build_config.builder, hooks_after(build_data)
        with abort_on_faults(self.app), remove_if_incomplete(Path(artifact_path)):
            if self.names and later:
                self.planned = self.plan(build_data)
            changed = self.write(one for one in self.planned if later or one.path not in self.written)
            warn(self.app, *list_warnings(self.planned))
            shipping, configs = self.shipping(build_data), [one.config for one in self.planned]
            self.warn(shipping.find_unwanted(configs))
            if configs and not self.is_for_sdists:
                self.warn(find_unwanted_in_sdist(configs, builder, self.build_directory))
            self.warn(find_older_inside(one for one in self.planned if shipping.is_meant(one.config)))
            self.warn(find_hooks_to_come(configs, builder, build_data))
            self.warn(find_outdated(self.made_with_sdist, self.build_directory, builder, build_data))
            shipping.refuse_outdated(changed, later)

    def leave_out(self, reason: str, shipping: Shipping) -> list[str]:
        """Say why this build leaves out archives; returns the names of those that it makes all the same.

        Whoever keeps only the wheel keeps an archive that is part of the wheel. A fault of an archive
        that nobody would keep stops nothing.
        """
        try:
            archives = by_name(self.archives)
        except HatchMarError:
            archives = {}
        if reason in FROM_SDIST:
            self.leave_to_sdist(reason, [*archives.values()], shipping)
            return []
        names: list[str] = []
        if reason == SKIPPED:
            self.warn(shipping.find_old(archives.values()))
        else:
            names = [name for name, config in archives.items() if shipping.is_meant(config)]
        if len(names) < max(1, len(archives)):
            warn(self.app, leave_out(reason))
        return names

    def leave_to_sdist(self, reason: str, configs: list[Config], shipping: Shipping) -> None:
        """Say why no archives are built in an unpacked sdist, unless they have been built with the sdist."""
        shipping.refuse_missing(configs)
        if not self.is_for_sdists:
            if reason == LEFT_OUT_OF_SDIST:
                raise_faults(f"{old}; {FOR_ALL}" for old in shipping.find_old(configs))
            reason = f"sdists are built without the hook, and this wheel is built from one; {FOR_ALL}"
        elif came_with_sdist(configs, Path(self.root), self.build_directory):
            self.made_with_sdist = configs
            return
        warn(self.app, leave_out(reason))

    def plan(self, build_data: Mapping[str, Any]) -> list[Planned]:
        project = HatchProject.of_build(self.build_config.builder, build_data)
        return plan_project(project, self.build_directory, self.names, instant=self.instant)

    def write(self, planned: Iterable[Planned]) -> list[Config]:
        """Write archives and show their paths; returns the configuration of those that were changed."""
        plans, changed = {one.path: one for one in planned}, []
        for artifact in build_all([*plans.values()], quiet=self.app.verbosity < 0):
            if not artifact.unchanged:
                changed.append(plans[artifact.path].config)
            if artifact.path not in self.written or not artifact.unchanged:
                inform(self.app, line_of(artifact, Path(self.root)))
            self.written.add(artifact.path)
        return changed

    def warn(self, lines: Iterable[str]) -> None:
        warn(self.app, *(f"Warning: {line}" for line in lines))

    def shipping(self, build_data: Mapping[str, Any]) -> Shipping:
        return Shipping(self.build_config.builder, build_data, self.build_directory)

    @property
    def is_for_sdists(self) -> bool:
        """Whether the hook is declared for sdists, so that the archives were written with the sdist."""
        build = self.metadata.hatch.build_config
        sdist = build.get("targets", {}).get("sdist", {})
        return "mar" in build.get("hooks", {}) or "mar" in sdist.get("hooks", {})

    @cached_property
    def instant(self) -> datetime:
        """The time of this build, for all archives that it plans."""
        return build_instant(reproducible=self.build_config.reproducible)

    @cached_property
    def archives(self) -> tuple[Config, ...]:
        return load_configs(HatchProject(Path(self.root), self.metadata))

    @property
    def build_directory(self) -> Path:
        """hatchling's `directory`, which may be relative to the project, as in `hatch build out`."""
        return Path(self.root, self.directory)

    def refuse_options(self) -> None:
        place = Place(None, None, ("tool", "hatch", "build", "hooks", "mar"))
        if findings := [*find_unknown_options(self.config, place)]:
            raise ConfigError(*findings)


def hooks_after(build_data: Mapping[str, Any]) -> list[str]:
    """The hooks that run after this one: hatchling runs those of a target after those of all targets."""
    names = [*build_data["build_hooks"]]
    return names[names.index("mar") + 1 :]


def may_be_fixed_later(cause: Finding | str) -> bool:
    """Whether a fault may be gone when later hooks have made the files that they make."""
    if not isinstance(cause, Finding):
        return False
    return cause.rule in (FILE_NOT_FOUND, MISSING, NO_FILES) or cause.place.file not in (None, PYPROJECT)
