"""Keeps built archives out of sdists, into which many build backends put what git does not ignore."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from hatch_mar.project.config.models import Config
from hatch_mar.project.gitignore import GITIGNORE, add_lines, find_nearest, is_ignored, pattern_for
from hatch_mar.project.hatch_sdist import ignores_vcs, is_swept_in, name_exclude
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.text import quote_each

OF_SDISTS = "which keeps built archives out of sdists"
OF_GIT = "which keeps built archives out of git, and of sdists that have what git does not ignore"


def find_unignored(configs: Iterable[Config], settings: HatchSettings) -> list[str]:
    """Patterns for the archives with an `export-path` that an sdist of the project may have by accident.

    Under another backend than hatchling, an archive in a package may be meant for the wheel, of
    which some backends leave out what git ignores.

    Raises:
        ConfigError: a setting of hatchling's is not valid.
    """
    archives = (
        (settings.root / config.export_path / config.file_name, config.format.suffix)
        for config in configs
        if config.export_path
    )
    found = (find_pattern(path, suffix, settings) for path, suffix in archives)
    return [*dict.fromkeys(filter(None, found))]


def find_pattern(path: Path, suffix: str, settings: HatchSettings) -> str | None:
    """A pattern against an archive that an sdist of the project may have by accident, or else None."""
    path, root = Path(os.path.normpath(path)), settings.root
    if not path.is_relative_to(root):
        return None
    path = path.relative_to(root)
    sample = path if suffix else path / "any"
    is_unwanted = is_swept_in(sample, settings) if settings.apply else may_be_swept_in(sample, root)
    return pattern_for(path, suffix) if is_unwanted else None


def may_be_swept_in(path: Path, root: Path) -> bool:
    return path.parts[0] != "dist" and not is_ignored(path, root) and not is_in_package(path, root)


def is_in_package(path: Path, root: Path) -> bool:
    """Whether any directory that a file of the project at `root` is in makes a package of it."""
    return any((root / folder / "__init__.py").is_file() for folder in [*path.parents][:-1])


def ignore(patterns: Sequence[str], settings: HatchSettings) -> list[str]:
    """Add patterns to the project's `.gitignore`; returns lines that say what was added, or is to be."""
    if not patterns:
        return []
    effect = OF_SDISTS if settings.apply else OF_GIT
    if settings.apply and ignores_vcs(settings):
        return [f"Add {quote_each(patterns)} to {name_exclude(settings)}, {effect}"]
    file = settings.root / GITIGNORE
    nearest = find_nearest(settings.root) or file
    if settings.apply and nearest != file:
        # git takes a pattern as relative to the file, hatchling to the project; a second file in the
        # project would keep hatchling from reading this one
        anywhere = [f"**{pattern}" for pattern in patterns]
        return [f"Add {quote_each(anywhere)} to `{nearest}`, {effect}"]
    try:
        add_lines(patterns, file)
    except OSError as error:
        return [f"Add {quote_each(patterns)} to `{file}`, {effect}; it cannot be written: {error.strerror}"]
    return [f"Added {quote_each(patterns)} to `{file}`, {effect}"]
