"""Archives that hatchling puts into the wheel or the sdist that it builds."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.build.report import relative
from hatch_mar.errors import ConfigError
from hatch_mar.hatch.selection import is_declared, is_selected
from hatch_mar.project.config.models import Config, path_of
from hatch_mar.project.gitignore import pattern_for
from hatch_mar.project.hatch_sdist import name_ignore_list
from hatch_mar.project.hatch_settings import HatchSettings

if TYPE_CHECKING:
    from hatchling.builders.plugin.interface import BuilderInterface

    Builder = BuilderInterface[Any, Any]


class Shipping:
    """What `builder` takes for a build into `directory`, as hatchling selects files."""

    def __init__(self, builder: Builder, build_data: Mapping[str, Any], directory: Path) -> None:
        self.builder = builder
        self.build_data = build_data
        self.directory = directory
        self.root = Path(builder.root)

    def is_meant(self, config: Config) -> bool:
        """Whether the archive is to be part of what is built.

        In an sdist it is if the project says so, or if the wheel has it, which may be built from the sdist.
        """
        if not self.is_included(config):
            return False
        return self.builder.PLUGIN_NAME == "wheel" or self.is_declared(config) or self.is_in_wheel(config)

    def is_included(self, config: Config) -> bool:
        with self.builder.config.set_build_data(dict(self.build_data)):
            return is_selected(self.sample(config), self.builder.config, self.build_data) or (
                config.export_path is not None and self.is_linked(self.sample(config))
            )

    def is_linked(self, file: Path) -> bool:
        """Whether hatchling finds the file through a link."""
        return file.exists() and any(map(file.samefile, self.found.get(file.name, ())))

    @cached_property
    def found(self) -> Mapping[str, list[str]]:
        """The paths of all files that hatchling finds, by the name of the file."""
        paths: dict[str, list[str]] = defaultdict(list)
        with suppress(ValueError, FileNotFoundError):  # as in `is_in_wheel`, or a hook has yet to make a file
            for file in self.builder.recurse_included_files():
                paths[os.path.basename(file.path)].append(file.path)
        return paths

    def is_declared(self, config: Config) -> bool:
        with self.builder.config.set_build_data(dict(self.build_data)):
            return is_declared(self.sample(config), self.builder.config, self.build_data)

    def is_in_wheel(self, config: Config) -> bool:
        try:
            wheel = WheelBuilder(self.builder.root, metadata=self.builder.metadata)
            return is_selected(self.sample(config), wheel.config, {})
        except ValueError:
            return False  # hatchling cannot tell what to put into a wheel, so it builds none

    def path(self, config: Config) -> Path:
        return path_of(config, self.root, self.directory)

    def sample(self, config: Config) -> Path:
        """A file of the archive, which need not exist yet: itself, or one that every directory has."""
        return self.path(config) if config.format.suffix else self.path(config) / MANIFEST_NAME

    def find_old(self, configs: Iterable[Config]) -> Iterator[str]:
        """What is shipped of an earlier build, when this one writes no archives."""
        for config in configs:
            if self.is_meant(config) and os.path.lexists(self.path(config)):
                yield f"`{self.show(config)}` in the {self.builder.PLUGIN_NAME} is of an earlier build"

    def refuse_missing(self, configs: Iterable[Config]) -> None:
        """
        Raises:
            ConfigError: the project is an unpacked sdist without an archive that the wheel is to have.
        """
        raise_faults(
            f"`{self.show(config)}` would be missing from the {self.builder.PLUGIN_NAME}, since it is not in"
            " the sdist; set `artifacts` in `[tool.hatch.build]`, so that both have it"
            for config in configs
            if self.is_meant(config) and not os.path.lexists(self.path(config))
        )

    def refuse_outdated(self, configs: Iterable[Config], hooks: Iterable[str]) -> None:
        """
        Raises:
            ConfigError: archives that are part of what was built have been written again since.
        """
        later = " or ".join(f"`{hook}`" for hook in hooks)
        raise_faults(
            f"`{self.show(config)}` in the {self.builder.PLUGIN_NAME} is not of this build, since it had to"
            f" wait for the hook {later}; declare that before `mar`, for all targets"
            for config in configs
            if self.is_meant(config)
        )

    def find_unwanted(self, configs: Iterable[Config]) -> Iterator[str]:
        """What to do about archives that would be shipped though nobody has asked for that."""
        for config in configs:
            if self.is_included(config) and not self.is_declared(config):
                shown = self.show(config)
                pattern = pattern_for(Path(shown), config.format.suffix)
                meant = ", or to `artifacts` if it should be" if self.is_meant(config) else ""
                yield (
                    f"`{shown}` is among the files that hatchling puts into the {self.builder.PLUGIN_NAME};"
                    f" add `{pattern}` to {self.ignore_list}{meant}"
                )

    @property
    def ignore_list(self) -> str:
        """Where to add a pattern that keeps a file out of what is built."""
        settings = HatchSettings(self.root, self.builder.metadata.config, apply=True)
        return name_ignore_list(settings, self.builder.PLUGIN_NAME)

    def show(self, config: Config) -> str:
        return relative(self.path(config), self.root)


def find_unwanted_in_sdist(configs: Iterable[Config], builder: Builder, directory: Path) -> Iterator[str]:
    """What `find_unwanted` says of an sdist, for a build of something else where the hook sees no sdist."""
    sdist = SdistBuilder(builder.root, metadata=builder.metadata)
    yield from Shipping(sdist, {"artifacts": [], "force_include": {}}, directory).find_unwanted(configs)


def raise_faults(faults: Iterable[str]) -> None:
    if found := [*faults]:
        raise ConfigError(*found)
