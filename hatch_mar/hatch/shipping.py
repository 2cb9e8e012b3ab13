"""Archives that hatchling puts into the wheel or the sdist that it builds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.constants import EXCLUDED_DIRECTORIES
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.build.report import relative
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import Config, path_of
from hatch_mar.project.gitignore import pattern_for

if TYPE_CHECKING:
    from hatchling.builders.config import BuilderConfig
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
            return is_selected(self.sample(config), self.builder.config)

    def is_declared(self, config: Config) -> bool:
        """Whether `artifacts` or `force-include` name the archive; otherwise it only lies among the files."""
        file, settings = self.sample(config), self.builder.config
        with settings.set_build_data(dict(self.build_data)):
            return is_forced(file, settings) or is_artifact(os.path.relpath(file, self.root), settings)

    def is_in_wheel(self, config: Config) -> bool:
        try:
            wheel = WheelBuilder(self.builder.root, metadata=self.builder.metadata)
            return is_selected(self.sample(config), wheel.config)
        except ValueError:
            return False  # there is no wheel, because hatchling cannot tell what to put into it

    def path(self, config: Config) -> Path:
        return path_of(config, self.root, self.directory)

    def sample(self, config: Config) -> Path:
        """A file of the archive, which need not exist yet: itself, or one that every directory has."""
        return self.path(config) if config.format.suffix else self.path(config) / MANIFEST_NAME

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
            f"`{self.show(config)}` in the {self.builder.PLUGIN_NAME} is not of this build, because the hook"
            f" {later} changed what it is made of; declare that hook before `mar`, for all targets"
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
        """Where to add a pattern that keeps a file out of what hatchling builds.

        hatchling reads the nearest `.gitignore`, going up, as though its patterns began at the project.
        """
        config = self.builder.config
        if config.ignore_vcs or any(Path(f).parent != self.root for f in config.vcs_exclusion_files["git"]):
            return "`exclude` in `[tool.hatch.build]`"
        return "`.gitignore`"

    def show(self, config: Config) -> str:
        return relative(self.path(config), self.root)


def raise_faults(faults: Iterable[str]) -> None:
    if found := [*faults]:
        raise ConfigError(*found)


def is_selected(file: Path, config: BuilderConfig) -> bool:
    """Whether `recurse_included_files` would find the file (hatchling/builders/plugin/interface.py)."""
    root = Path(config.root)
    if is_forced(file, config):
        return True
    if config.only_include:
        return any(
            is_below(file, Path(source))
            and (file == Path(source) or is_included(Path(target, file.relative_to(source)), config, True))
            for source, target in config.only_include.items()
        )
    if not file.is_relative_to(root):
        return False
    path = file.relative_to(root)
    folders = [*path.parents][:-1]
    pruned = any(config.directory_is_excluded(folder.name, str(folder.parent)) for folder in folders)
    return not pruned and is_included(path, config, False)


def is_forced(file: Path, config: BuilderConfig) -> bool:
    return any(is_below(file, Path(source)) for source in config.get_force_include())


def is_below(file: Path, source: Path) -> bool:
    """Whether `file` is `source`, or in a directory below it that hatchling does not pass over."""
    return file.is_relative_to(source) and EXCLUDED_DIRECTORIES.isdisjoint(file.relative_to(source).parts)


def is_included(path: Path, config: BuilderConfig, explicit: bool) -> bool:
    is_package = Path(config.root, path.parent, "__init__.py").is_file()
    return config.include_path(str(path), explicit=explicit, is_package=is_package)


def is_artifact(path: str, config: BuilderConfig) -> bool:
    return config.path_is_build_artifact(path) or config.path_is_artifact(path)
