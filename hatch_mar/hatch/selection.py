"""Whether hatchling takes a file, which need not exist yet (hatchling/builders/plugin/interface.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.constants import EXCLUDED_DIRECTORIES
from hatchling.builders.utils import normalize_inclusion_map
from hatchling.builders.wheel import WheelBuilderConfig

if TYPE_CHECKING:
    from hatchling.builders.config import BuilderConfig

MAPS_OF_WHEEL = ("shared_data", "shared_scripts", "extra_metadata")
"""The settings of a wheel, which hooks can add to, that map files of the project to places of their own."""


def is_selected(file: Path, config: BuilderConfig, build_data: Mapping[str, Any]) -> bool:
    """As `recurse_included_files`, and what a wheel has besides."""
    if is_forced(file, config) or is_shared(file, config, build_data):
        return True
    if config.only_include:
        return is_explicit(file, config.only_include, config)
    root = Path(config.root)
    if not file.is_relative_to(root):
        return False
    path = file.relative_to(root)
    folders = [*path.parents][:-1]
    pruned = any(config.directory_is_excluded(folder.name, str(folder.parent)) for folder in folders)
    return not pruned and is_included(path, config, explicit=False)


def is_declared(file: Path, config: BuilderConfig, build_data: Mapping[str, Any]) -> bool:
    """Whether a setting names the file, so that it does not just lie among others that are taken."""
    if is_forced(file, config) or is_shared(file, config, build_data):
        return True
    root = Path(config.root)
    path = str(file.relative_to(root)) if file.is_relative_to(root) else ""
    return bool(path) and (config.path_is_build_artifact(path) or config.path_is_artifact(path))


def is_forced(file: Path, config: BuilderConfig) -> bool:
    return any(is_below(file, Path(source)) for source in config.get_force_include())


def is_shared(file: Path, config: BuilderConfig, build_data: Mapping[str, Any]) -> bool:
    return any(is_explicit(file, sources, config) for sources in shared_maps(config, build_data))


def shared_maps(config: BuilderConfig, build_data: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    if isinstance(config, WheelBuilderConfig):
        for name in MAPS_OF_WHEEL:
            yield getattr(config, name)
            yield normalize_inclusion_map(build_data.get(name, {}), config.root)


def is_explicit(file: Path, sources: Mapping[str, str], config: BuilderConfig) -> bool:
    """As `recurse_explicit_files`."""
    return any(
        is_below(file, Path(source))
        and (
            file == Path(source) or is_included(Path(target, file.relative_to(source)), config, explicit=True)
        )
        for source, target in sources.items()
    )


def is_below(file: Path, source: Path) -> bool:
    """Whether `file` is `source`, or in a directory below it that hatchling does not pass over."""
    return file.is_relative_to(source) and EXCLUDED_DIRECTORIES.isdisjoint(file.relative_to(source).parts)


def is_included(path: Path, config: BuilderConfig, *, explicit: bool) -> bool:
    is_package = Path(config.root, path.parent, "__init__.py").is_file()
    return config.include_path(str(path), explicit=explicit, is_package=is_package)
