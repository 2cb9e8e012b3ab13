"""Archives that a build backend puts into the sdist, though nobody has asked for that."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from hatch_mar.build.plan import Planned
from hatch_mar.build.report import relative
from hatch_mar.project.gitignore import pattern_for
from hatch_mar.project.hatch_sdist import name_ignore_list
from hatch_mar.project.hatch_settings import HatchSettings
from hatch_mar.project.sdist_ignore import find_pattern, is_in_package


def find_unwanted(sdist: Path, planned: Iterable[Planned], backend: str) -> Iterator[str]:
    """What to do about each of the project's archives that is in the sdist, but in no package.

    One that is in a package may be part of the wheel, which may be built from the sdist.
    """
    names = list_names(sdist)
    for one in planned:
        shown = Path(relative(one.path, one.root))
        if shown.is_absolute() or is_in_package(shown, one.root):
            continue
        name = shown.as_posix()
        if any(each == name or each.startswith(f"{name}/") for each in names):
            yield (
                f"`{shown}` is among the files that `{backend}` puts into the sdist;"
                f" add `{pattern_for(shown, one.config.format.suffix)}` to `.gitignore`,"
                " or exclude it in the settings of that backend"
            )


def list_names(sdist: Path) -> set[str]:
    """The names in an sdist, relative to its one directory; none if it cannot be read."""
    names: set[str] = set()
    with suppress(tarfile.TarError, OSError, EOFError), tarfile.open(sdist) as file:
        names.update(member.name.partition("/")[2] for member in file)
    return names


def find_in_next_sdist(planned: Iterable[Planned], settings: HatchSettings) -> Iterator[str]:
    """What to do about each of the archives that hatchling will find among the files of an sdist."""
    for one in planned:
        pattern = find_pattern(one.path, one.config.format.suffix, settings) if settings.apply else None
        if pattern:
            yield (
                f"`{relative(one.path, one.root)}` is among the files that hatchling puts into the sdist;"
                f" add `{pattern}` to {name_ignore_list(settings)}"
            )
