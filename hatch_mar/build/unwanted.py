"""Archives in a wheel or an sdist that should not be there."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from hatch_mar.build.clean import find_older
from hatch_mar.build.plan import Planned
from hatch_mar.build.report import relative
from hatch_mar.project.config.models import Config, output_of
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
        if shown.is_absolute() or is_packaged(one):
            continue
        name = shown.as_posix()
        if any(each == name or each.startswith(f"{name}/") for each in names):
            yield (
                f"`{shown}` is among the files that `{backend}` puts into the sdist;"
                f" add `{pattern_for(shown, one.config.format.suffix)}` to `.gitignore`,"
                " or exclude it in the settings of that backend, unless the wheel is to have it"
            )


def is_packaged(one: Planned) -> bool:
    """Whether an archive is in a package, and so may be meant to be part of the wheel."""
    return one.path.is_relative_to(one.root) and is_in_package(one.path.relative_to(one.root), one.root)


def find_older_inside(planned: Iterable[Planned]) -> Iterator[str]:
    """What to do about archives of earlier versions that a wheel may have besides these."""
    for one in planned:
        for older in find_older(one.config, one.path):
            yield (
                f"`{relative(older, one.root)}` is of another version, and may be part of the wheel as"
                f" `{relative(one.path, one.root)}` is; delete it"
            )


def find_old_in_wheel(wheel: Path, configs: Iterable[Config]) -> Iterator[str]:
    """What a wheel has of an earlier build, when this one has written no archives."""
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    for config in configs:
        output = f"/{output_of(config)}"
        for name in names:
            # a wheel's names may begin below a directory such as `src`
            if config.export_path and output.endswith(f"/{name}"):
                yield f"`{name}` in the wheel is of an earlier build"


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
