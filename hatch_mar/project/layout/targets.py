"""Where archives are written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.packager.owner import WAYS_OUT, Owner, describe_conflict
from hatch_mar.archive.packager.pack import (
    TOO_LONG,
    explain_write_errors,
    is_name_too_long,
    refuse_foreign,
)
from hatch_mar.errors import PackError
from hatch_mar.finding import Finding, Rule
from hatch_mar.project.config.models import Config, WorkflowConfig
from hatch_mar.project.config.schema import CLASH
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


def find_obstacles(
    targets: Sequence[tuple[Config, Path]], owner: Owner | None = None, *, output: Path | None = None
) -> Iterator[Finding]:
    """Why the archives of `owner` cannot be written where they should be, known before any is written.

    `output` is the directory that wins over `export-path`, which then cannot be the way out.
    """
    fix = "build them into different directories, or give one of them another name" if output else None
    first: dict[str, tuple[Config, Path]] = {}
    for config, path in targets:
        place = config.origins["export-path"]
        for finding in find_obstacle(config, path, owner):
            yield finding._replace(archives=(config.name,))
        other, _ = first.setdefault(fold_path(path), (config, path))
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


def find_obstacle(config: Config, path: Path, owner: Owner | None) -> Iterator[Finding]:
    if is_name_too_long(path):
        key = "workflow-name" if isinstance(config, WorkflowConfig) else "archive-name"
        text = f"Cannot write `{path}`: {TOO_LONG}"
        yield LONG_NAME.at(config.origins[key], text, f"set a shorter `{key}`")
        return
    place = config.origins["export-path"]
    try:
        with explain_write_errors(path):
            refuse_foreign(path, config.format)
    except PackError as error:
        yield OBSTACLE.at(place, str(error), "")
    if owner and (conflict := describe_conflict(path, owner)):
        yield OTHER_PROJECT.at(place, conflict)


def fold_path(path: Path) -> str:
    """A path as file systems compare it that do not tell case apart."""
    return os.path.normpath(path).casefold()
