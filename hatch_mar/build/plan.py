"""A project's archives: laid out, so that every fault is known, then written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.pack import Artifact, pack
from hatch_mar.checks.configured import check_configuration, find_faults
from hatch_mar.errors import CheckError, LayoutError
from hatch_mar.finding import Finding
from hatch_mar.project.config import schema
from hatch_mar.project.config.models import ArchiveConfig, Config, path_of, select
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.layout.targets import find_obstacles
from hatch_mar.project.pyproject import table_at
from hatch_mar.project.timestamp import build_instant


@dataclass(frozen=True)
class Planned:
    """An archive that can be built: where it goes and what is in it. Nothing is written yet."""

    config: Config
    archive: Archive
    path: Path
    instant: datetime
    warnings: tuple[Finding, ...] = ()
    """What the checks found that is no error."""

    root: Path = Path()
    """The project, to which the paths of examples are relative."""

    def build(self, advance: Callable[[int], object] = int, stop: Event | None = None) -> Artifact:
        """Write the archive; `advance` is called with the number of bytes that were read, as they are.

        With `try = true` it is tried before it takes its place, and until `stop` is set.

        Raises:
            PackError: it could not be written, or a file changed meanwhile.
            TrialError: it was tried, and does not answer as its examples expect.
        """
        config, settings, accept = self.config, repr(self.config), None
        if isinstance(config, ArchiveConfig) and config.try_:
            from hatch_mar.trial import in_build

            settings += in_build.fingerprint(config, self.root)
            accept = partial(in_build.try_draft, config, self.archive, self.root, stop or Event())
        packing = Packing(self.instant, config.compression, config.root, advance)
        return pack(
            *(self.archive, self.path, config.format, packing),
            force=config.force,
            settings=settings,
            accept=accept,
        )

    @property
    def size(self) -> int:
        """Bytes to be read."""
        return sum(member.source.size() for member in self.archive.members)


def load(project: Project) -> tuple[Config, ...]:
    """The archives that a project declares.

    Raises:
        ConfigError: its `[tool.mar]` is at fault.
    """
    table = table_at(project.pyproject, "tool").get("mar")
    return schema.load(table, name=project.name, version=project.version)


def plan_project(project: Project, directory: Path, names: Sequence[str] = ()) -> list[Planned]:
    """The archives of a project, or those of these names, ready to be built into `directory`.

    Raises:
        ConfigError: its `[tool.mar]` is at fault, or has no archive of a name.
        CheckError: with the faults of all archives.
    """
    instant = build_instant(reproducible=project.reproducible)
    planned: list[Planned] = []
    faults: list[Finding | str] = []
    for config in select(load(project), names):
        try:
            archive, findings = examine(config, project, instant)
        except LayoutError as error:
            faults += error.causes
            continue
        faults += [finding for finding in findings if finding.severity == "error"]
        warnings = tuple(finding for finding in findings if finding.severity == "warning")
        path = path_of(config, project.root, directory)
        planned.append(Planned(config, archive, path, instant, warnings, project.root))
    faults += find_obstacles([(one.config, one.path) for one in planned])
    if faults:
        raise CheckError(*dict.fromkeys(faults))
    return planned


def examine(config: Config, project: Project, instant: datetime) -> tuple[Archive, list[Finding]]:
    """An archive of a project, laid out, and what is wrong with it."""
    try:
        archive = lay_out(config, project.root, instant, project)
    except LayoutError as error:
        raise LayoutError(*check_configuration(config), *error.causes) from None
    return archive, find_faults(config, archive, project.root)
