"""Files that build hooks make for the wheel, which an archive made with the sdist lacks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from hatchling.builders.wheel import WheelBuilder

from hatch_mar.archive.formats.reader import read
from hatch_mar.errors import HatchMarError
from hatch_mar.hatch.project import HatchProject
from hatch_mar.inspection.diff import differ
from hatch_mar.project.config.models import ArchiveConfig, Config
from hatch_mar.project.layout.layout import gather
from hatch_mar.text import count_of

if TYPE_CHECKING:
    from hatchling.builders.plugin.interface import BuilderInterface

    Builder = BuilderInterface[Any, Any]

ADVICE = "build the wheel in the project itself, as `hatch build` and `python -m build --wheel` do"


def find_hooks_to_come(
    configs: Iterable[Config], builder: Builder, build_data: Mapping[str, Any]
) -> Iterator[str]:
    """What to know of an archive that is made with the sdist, while some hooks run for the wheel alone.

    `hatch build` makes the archive again with the wheel; other frontends build the wheel from the sdist.
    """
    is_pep517 = "hatchling.build" in sys.modules  # the module that only frontends of PEP 517 import
    including = [f"`{config.file_name}`" for config in configs if includes_project(config)]
    if is_pep517 and including and (later := find_hooks_of_wheel(builder, build_data)):
        hooks, archives = ", ".join(later), ", ".join(including)
        yield f"Nothing that the hook {hooks} adds to the wheel is in {archives}; {ADVICE}"


def explain_missing(builder: Builder, build_data: Mapping[str, Any]) -> Iterator[str]:
    """Why files may be missing in the build of an sdist that a build of the wheel would make."""
    if later := find_hooks_of_wheel(builder, build_data):
        yield (
            f"The hook {', '.join(later)} runs for the wheel alone; if it makes what is missing,"
            " declare it for all targets"
        )


def find_hooks_of_wheel(builder: Builder, build_data: Mapping[str, Any]) -> list[str]:
    """The hooks, as names for a message, that run for the wheel and not in this build of another target."""
    if builder.PLUGIN_NAME == "wheel":
        return []
    of_wheel = WheelBuilder(builder.root, metadata=builder.metadata).config.hook_config
    return [f"`{name}`" for name in of_wheel if name not in build_data["build_hooks"]]


def find_outdated(
    configs: Iterable[Config], directory: Path, builder: Builder, build_data: Mapping[str, Any]
) -> Iterator[str]:
    """What hooks have made of the unpacked sdist that archives in `directory`, made with the sdist, have not.

    What the sdist does not have, such as weights, is left out of account unless a hook has made it.
    """
    if len(build_data["build_hooks"]) == 1:
        return
    project = HatchProject.of_build(builder, build_data)
    for config in (each for each in configs if not each.export_path):
        changed: list[str] = []
        # a fault of an archive that this build does not make stops nothing
        with suppress(HatchMarError), read(directory / config.file_name) as archive:
            packed = {member.name: member for member in archive.members}
            files = gather(config, project.root, project).found
            changed = [one.name for one in files if one.name not in packed or differ(one, packed[one.name])]
        if changed:
            first, *others = changed
            more = f" and {count_of(len(others), 'other file')}" if others else ""
            yield (
                f"`{config.file_name}` was made before build hooks had made `{first}`{more} for the wheel;"
                f" {ADVICE}"
            )


def includes_project(config: Config) -> TypeGuard[ArchiveConfig]:
    return isinstance(config, ArchiveConfig) and config.include_project
