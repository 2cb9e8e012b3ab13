"""Where archives are written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.packager.foreign import WAY_OUT, describe_foreign, find_foreign
from hatch_mar.archive.packager.obstacles import (
    TOO_LONG,
    explain_write_errors,
    is_name_too_long,
    refuse_obstacle,
)
from hatch_mar.archive.packager.owner import WAYS_OUT, Owner, describe_conflict
from hatch_mar.errors import PackError
from hatch_mar.finding import Finding, Rule
from hatch_mar.project.config.models import Config, WorkflowConfig
from hatch_mar.project.config.table import CLASH
from hatch_mar.project.interface import Project
from hatch_mar.torchserve import suffixes

OBSTACLE = Rule(
    code="MAR027",
    severity="error",
    title="Something else is where an archive should be written",
    consequence="the archive cannot be written without removing it",
    fix="move it away, or set `export-path`",
)

OTHER_PROJECT = Rule(
    code="MAR030",
    severity="error",
    title="An archive would replace another project's",
    consequence="the other project's archive would be lost",
    fix=WAYS_OUT,
)
LONG_NAME = Rule(
    code="MAR031",
    severity="error",
    title="An archive's name is too long",
    consequence="the file system has no names of that length",
    fix="set a shorter `archive-name` or `workflow-name`",
)
SDIST_NAME = Rule(
    code="MAR032",
    severity="error",
    title="An archive has the name of the project's sdist",
    consequence="a build would write both to one file",
    fix="set another `archive-name`, or `export-path`",
)
FOREIGN = Rule(
    code="MAR035",
    severity="error",
    title="The directory of an archive has files that no build wrote",
    consequence="they would be lost with the archive that a build replaces",
    fix=WAY_OUT,
)


class Target(NamedTuple):
    """An archive that is to be written."""

    config: Config
    path: Path
    archive: Archive | None = None
    """None if it cannot be laid out."""


def find_obstacles(
    targets: Sequence[Target], owner: Owner | None = None, *, output: Path | None = None
) -> Iterator[Finding]:
    """Why the archives of `owner` cannot be written where they should be, known before any is written.

    `output` is the directory that wins over `export-path`, which then cannot be the way out.
    """
    fix = "build them into different directories, or give one of them another name" if output else None
    first: dict[str, Config] = {}
    for target in targets:
        config, path, _ = target
        place = config.origins["export-path"]
        for finding in find_obstacle(target, owner):
            yield finding._replace(archives=(config.name,))
        other = first.setdefault(fold_path(path), config)
        if other is not config:
            text = f"Archives `{other.name}` and `{config.name}` would both be written to `{path}`"
            yield CLASH.at(place, text, fix)._replace(archives=(other.name, config.name))


def find_sdist_clashes(configs: Sequence[Config], project: Project) -> Iterator[Finding]:
    """Archives that a build would write over the sdist next to which they go, or the other way round."""
    from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
    from packaging.version import Version

    for config in configs:
        if config.export_path or config.format.suffix != suffixes.TGZ:
            continue
        with suppress(InvalidSdistFilename):
            name, version = parse_sdist_filename(config.file_name)
            if name == canonicalize_name(project.name()) and version == Version(project.version()):
                text = f"Archive `{config.file_name}` has the name of the project's sdist"
                yield SDIST_NAME.at(config.origins["archive-name"], text)._replace(archives=(config.name,))


def find_obstacle(target: Target, owner: Owner | None) -> Iterator[Finding]:
    config, path, archive = target
    if is_name_too_long(path):
        key = "workflow-name" if isinstance(config, WorkflowConfig) else "archive-name"
        text = f"Cannot write `{path}`: {TOO_LONG}"
        yield LONG_NAME.at(config.origins[key], text, f"set a shorter `{key}`")
        return
    place = config.origins["export-path"]
    foreign: list[str] = []
    try:
        with explain_write_errors(path):
            refuse_obstacle(path, config.format)
            # another build may be replacing it just now, and this one looks again before it does
            with suppress(FileNotFoundError):
                foreign = find_foreign(path, archive) if archive else []
    except PackError as error:
        yield OBSTACLE.at(place, str(error), "")
    else:
        if foreign:
            yield FOREIGN.at(place, f"Cannot replace `{path}`: {describe_foreign(foreign)}")
    if owner and (conflict := describe_conflict(path, owner)):
        yield OTHER_PROJECT.at(place, conflict)


def fold_path(path: Path) -> str:
    """A path as file systems compare it that do not tell case apart."""
    return os.path.normpath(path).casefold()
