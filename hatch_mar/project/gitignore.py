"""Keeps built archives out of sdists, into which hatchling puts what git does not ignore."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import Config
from hatch_mar.project.hatch_settings import HATCH_TOML, HatchSettings

GITIGNORE = ".gitignore"


def find_shipped(configs: Iterable[Config], root: Path, settings: HatchSettings) -> list[str]:
    """Patterns for the archives with an `export-path` that an sdist of the project would contain."""
    from pathspec import GitIgnoreSpec

    try:
        excluded = GitIgnoreSpec.from_lines(read_excluded(root, settings))
    except ValueError as error:
        raise ConfigError(f"hatchling cannot exclude from an sdist what it is told to: {error}") from None
    shipped: dict[str, None] = {}
    for config in configs:
        if not settings.apply or not config.export_path:
            continue
        path = Path(os.path.normpath(root / config.export_path / config.file_name))
        suffix = config.format.suffix
        if path.is_relative_to(root):
            relative = path.relative_to(root)
            if not excluded.match_file(relative if suffix else relative / "any"):
                shipped[pattern_for(relative, suffix)] = None
    return [*shipped]


def pattern_for(path: Path, suffix: str) -> str:
    """The line of a `.gitignore` for an archive, and for others with its suffix beside it.

    `path` is relative to the project, where hatchling takes the line to begin.
    """
    folder, _, name = re.sub(r"([\\*?\[\]])", r"\\\1", f"/{path.as_posix()}").rpartition("/")
    return f"{folder}/*{suffix}" if suffix else f"{folder}/{name}/"


def read_excluded(root: Path, settings: HatchSettings) -> Iterator[str]:
    """What hatchling leaves out of an sdist (hatchling/builders/config.py, `exclude_spec`)."""
    yield "/dist"
    file = find_gitignore(root)
    if file and not ignores_vcs(settings):
        yield from read(file).splitlines()
    yield from map(str, settings.read("exclude", list, "an array of strings", [], target="sdist"))


def ignores_vcs(settings: HatchSettings) -> bool:
    return settings.read("ignore-vcs", bool, "a boolean", False, target="sdist")


def find_gitignore(root: Path) -> Path | None:
    """The one that hatchling reads: the nearest one, up to the root of the repository."""
    for folder in (root, *root.parents):
        if (folder / GITIGNORE).is_file():
            return folder / GITIGNORE
        if (folder / ".git").exists():
            break
    return None


def ignore(patterns: Sequence[str], root: Path, settings: HatchSettings) -> list[str]:
    """Add patterns to the project's `.gitignore`; returns lines that say what was added, or is to be."""
    if not patterns:
        return []
    effect = "which keeps built archives out of sdists"
    if ignores_vcs(settings):
        table = ".".join(map(str, settings.place("targets", "sdist").key))
        where = f" of `{HATCH_TOML}`" if settings.file == HATCH_TOML else ""
        return [f"Add {listed(patterns)} to `exclude` in `[{table}]`{where}, {effect}"]
    file = find_gitignore(root) or root / GITIGNORE
    if file.parent != root:
        # git takes a pattern as relative to the file, hatchling to the project; a second file in the
        # project would keep hatchling from reading this one
        anywhere = [f"**{pattern}" for pattern in patterns]
        return [f"Add {listed(anywhere)} to `{file}`, {effect}"]
    try:
        text = read(file) if file.exists() else ""
        newline = "\r\n" if "\r\n" in text else "\n"
        text += newline if text and not text.endswith("\n") else ""
        text += "".join(f"{pattern}{newline}" for pattern in patterns)
        replace_file(file, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        return [f"Add {listed(patterns)} to `{file}`, {effect}; it cannot be written: {error.strerror}"]
    return [f"Added {listed(patterns)} to `{file}`, {effect}"]


def listed(patterns: Iterable[str]) -> str:
    return ", ".join(f"`{pattern}`" for pattern in patterns)


def read(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "surrogateescape")
