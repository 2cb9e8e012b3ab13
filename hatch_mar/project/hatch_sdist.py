"""What hatchling puts into the sdist of a project, as its settings say, before the file is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_mar.errors import ConfigError
from hatch_mar.project.gitignore import GITIGNORE, find_nearest, read_lines
from hatch_mar.project.hatch_settings import HATCH_TOML, HatchSettings

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SDIST = "sdist"


def is_swept_in(path: Path, settings: HatchSettings) -> bool:
    """Whether an sdist would have a file, though nothing but its place asks for that.

    `path` is relative to the project. What `artifacts` or `only-include` names is there on purpose.

    Raises:
        ConfigError: a setting is not valid.
    """
    if specify(read_array("artifacts", settings)).match_file(path):
        return False
    if specify(list_excluded(settings)).match_file(path):
        return False
    if only := [*read_array("only-include", settings)] or [*read_array("packages", settings)]:
        return any(Path(folder) in path.parents for folder in only)
    included = [*read_array("include", settings)]
    return not included or specify(included).match_file(path)


def list_excluded(settings: HatchSettings) -> Iterator[str]:
    """The patterns that hatchling leaves out (hatchling/builders/config.py, `exclude_spec`)."""
    yield "/dist"
    file = find_nearest(settings.root)
    if file and not ignores_vcs(settings):
        yield from read_lines(file)
    yield from read_array("exclude", settings)


def ignores_vcs(settings: HatchSettings, target: str = SDIST) -> bool:
    """Whether hatchling reads no `.gitignore`."""
    return settings.read("ignore-vcs", bool, "a boolean", False, target=target)


def read_array(key: str, settings: HatchSettings) -> Iterable[str]:
    return map(str, settings.read(key, list, "an array of strings", [], target=SDIST))


def specify(patterns: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise ConfigError(f"hatchling cannot select files by what it is told to: {error}") from None


def name_ignore_list(settings: HatchSettings, target: str = SDIST) -> str:
    """Where to add a pattern that keeps a file out of what hatchling builds.

    hatchling reads the nearest `.gitignore`, going up, as though its patterns began at the project.
    """
    file = find_nearest(settings.root)
    if ignores_vcs(settings, target) or (file and file.parent != settings.root):
        return name_exclude(settings, target)
    return f"`{GITIGNORE}`"


def name_exclude(settings: HatchSettings, target: str = SDIST) -> str:
    """The setting that takes one more pattern to leave out of a target, with its table.

    A target's own `exclude` replaces the one for all targets.
    """
    keys = ("targets", target) if "exclude" in settings.table("targets", target) else ()
    table = ".".join(map(str, settings.place(*keys).key))
    return f"`exclude` in `[{table}]`" + (f" of `{HATCH_TOML}`" if settings.file == HATCH_TOML else "")
