"""Removes what earlier builds of a project left: its archives, under every version."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hatch_mar.archive.formats.reader import read_manifest
from hatch_mar.archive.packager.owner import describe_conflict
from hatch_mar.archive.packager.pack import remove_artifact
from hatch_mar.archive.packager.records import has_records, recorded_names
from hatch_mar.build.plan import load_configs, owner_of
from hatch_mar.errors import PackError, ReadError
from hatch_mar.project.config.models import ArchiveConfig, Config, path_of, select
from hatch_mar.project.interface import Project


def remove_archives(project: Project, directory: Path, names: Sequence[str] = ()) -> None:
    """Delete the archives that builds of the project into `directory` wrote, or those with these names.

    That is what the configuration can name under any version, if its manifest has the name of the
    model or workflow. Everything else stays, and so do archives of another project.

    Raises:
        ConfigError: the project's `[tool.mar]` is invalid, or has no archive with one of the names.
        PackError: an archive cannot be deleted, or has files that no build wrote; all others are.
    """
    owner = owner_of(project)
    faults: list[str] = []
    for config in select(load_configs(project), names):
        for path in find_archives(config, path_of(config, project.root, directory).parent):
            try:
                if not describe_conflict(path, owner):
                    remove_artifact(path, config.format)
            except PackError as error:
                faults += error.faults
    if faults:
        raise PackError(*faults)


def find_older(config: Config, path: Path) -> Iterator[Path]:
    """The archives of the same model, in other versions, next to the one at `path`."""
    for other in find_archives(config, path.parent):
        if other != path and os.path.lexists(other):
            yield other


def find_archives(config: Config, folder: Path) -> Iterator[Path]:
    """The archives of a model or workflow in `folder`, and those of which there are only records left."""
    pattern = name_pattern(config)
    present = os.listdir(folder) if folder.is_dir() else []
    for name in sorted({config.file_name, *present, *recorded_names(folder)}):
        if pattern.fullmatch(name) and was_written_for(config, folder / name):
            yield folder / name


def name_pattern(config: Config) -> re.Pattern[str]:
    """What the archive may be called, whatever its version."""
    return re.compile(re.escape(file_name_under("\0", config)).replace("\0", ".+"))


def file_name_under(version: str, config: Config) -> str:
    return (
        config._replace(version=version).file_name if isinstance(config, ArchiveConfig) else config.file_name
    )


def was_written_for(config: Config, path: Path) -> bool:
    return is_archive_of(config, path) if os.path.lexists(path) else has_records(path)


def is_archive_of(config: Config, path: Path) -> bool:
    """Whether what is at `path` says that it is the model or workflow, in the version that its name has."""
    if path.is_dir() == bool(config.format.suffix):
        return False
    try:
        manifest = read_manifest(path)
    except ReadError:
        return False
    version = manifest.model.get("modelVersion")
    is_named_so = version is None or path.name == file_name_under(str(version), config)
    return is_named_so and manifest.subject == config.name
