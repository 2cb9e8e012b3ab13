"""Lays out and checks all archives of a project before any of them is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.owner import Owner
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.archive.packager.unchanged import find_change, fingerprint_inputs
from hatch_mar.budget import Budget
from hatch_mar.checks.configured import check_configuration, find_faults
from hatch_mar.errors import CheckError, LayoutError
from hatch_mar.finding import Finding, merge
from hatch_mar.project.config.models import ArchiveConfig, Config, path_of, select
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.layout.targets import Target, find_obstacles, find_sdist_clashes
from hatch_mar.project.remote_files import list_taken, refuse_differing
from hatch_mar.project.timestamp import build_instant
from hatch_mar.project.toml import table_at
from hatch_mar.terminal.progress import show_progress

WHEEL_MODE = 0o644
"""The mode of a wheel that hatchling builds, whatever the umask is."""


@dataclass(frozen=True)
class Planned:
    """An archive that is ready to be built: its contents, and the path it will be written to."""

    config: Config
    archive: Archive
    path: Path
    instant: datetime
    warnings: tuple[Finding, ...] = ()
    """Warnings from the checks."""

    root: Path = Path()
    """The project's directory, to which the paths of examples are relative."""

    owner: Owner | None = None
    """The project that the archive belongs to."""

    def build(
        self, advance: Callable[[int], object] = int, stop: Event | None = None, *, mode: int = WHEEL_MODE
    ) -> Artifact:
        """Write the archive; `advance` is called with the number of bytes read since its last call.

        Its files get `mode`, as the wheel next to it has.

        With `try = true`, the archive is tried before it replaces an old one; `stop` ends the trial.

        Raises:
            PackError: the archive could not be written, a file changed while it was read, or the path
                has an archive of another project.
            TrialError: the archive's answers are not those that its examples expect.
        """
        config = self.config
        return pack_as(
            *(self.archive, self.path, config.format, self.packing._replace(report=advance)),
            force=config.force,
            settings=self.settings,
            accept=partial(self.accept, stop or Event()),
            owner=self.owner,
            mode=mode,
        )

    def accept(self, stop: Event, draft: Path) -> None:
        """Raise if the archive that was just written to `draft` must not replace an old one.

        A remote file may have changed since the archive was planned.
        """
        config = self.config
        refuse_differing(config.remote_files, self.archive, self.root)
        if isinstance(config, ArchiveConfig) and config.try_:
            from hatch_mar.trial import in_build

            in_build.try_draft(config, self.archive, self.root, stop, draft)

    @property
    def packing(self) -> Packing:
        return Packing(self.instant, self.config.compression, self.config.root)

    @property
    def settings(self) -> str:
        """All that decides what a build writes, besides the contents of the archive."""
        if isinstance(self.config, ArchiveConfig) and self.config.try_:
            from hatch_mar.trial import in_build

            return repr(self.config) + in_build.fingerprint(self.config, self.root)
        taken = tuple(each for _, each in list_taken(self.config.remote_files, self.archive, self.root))
        return repr(self.config._replace(remote_files=taken))

    def find_change(self) -> str | None:
        """Why a build would pack the archive; None if it would leave it as it is. Nothing is written."""
        inputs = fingerprint_inputs(self.archive, self.packing, self.settings)
        return find_change(self.path, inputs)

    @property
    def size(self) -> int:
        """The number of bytes to read."""
        return sum(member.source.size() for member in self.archive.members)


def load_configs(project: Project) -> tuple[Config, ...]:
    """The archives that a project declares.

    Raises:
        ConfigError: its `[tool.mar]` is invalid.
    """
    table = table_at(project.pyproject, "tool").get("mar")
    return parse_table(table, name=project.name, version=project.version)


def plan_project(
    project: Project,
    directory: Path,
    names: Sequence[str] = (),
    *,
    output: Path | None = None,
    instant: datetime | None = None,
) -> list[Planned]:
    """The archives of a project, or those with these names, ready to be built into `directory`.

    With `output`, all of them are built there, whatever their `export-path`. `instant` is the time
    of a build that has begun already.

    Raises:
        ConfigError: its `[tool.mar]` is invalid, or has no archive with one of the names.
        CheckError: with the faults of all archives.
    """
    instant = instant or build_instant(reproducible=project.reproducible)
    owner = owner_of(project)
    budget = Budget()
    planned: list[Planned] = []
    faults: list[Finding | str] = []
    for config in select(load_configs(project), names):
        path = path_of(config, project.root, directory, output)
        try:
            archive, findings = examine(config, project, instant, budget, path)
        except LayoutError as error:
            faults += error.causes
            continue
        faults += [finding for finding in findings if finding.severity == "error"]
        warnings = tuple(finding for finding in findings if finding.severity == "warning")
        planned.append(Planned(config, archive, path, instant, warnings, project.root, owner))
    faults += find_obstacles(
        [Target(one.config, one.path, one.archive) for one in planned], owner, output=output
    )
    if not output:
        faults += find_sdist_clashes([one.config for one in planned], project)
    if faults:
        others = [fault for fault in faults if isinstance(fault, str)]
        raise CheckError(*merge(fault for fault in faults if isinstance(fault, Finding)), *others)
    return planned


def owner_of(project: Project) -> Owner:
    """The project as its archives know it: by a name that no build backend must be asked for, or by none."""
    tables = (table_at(project.pyproject, *keys) for keys in (("project",), ("tool", "poetry")))
    names = (str(table["name"]) for table in tables if table.get("name"))
    return Owner(next(names, ""), project.root)


def examine(
    config: Config,
    project: Project,
    instant: datetime,
    budget: Budget | None = None,
    path: Path | None = None,
) -> tuple[Archive, list[Finding]]:
    """Lay out an archive of a project, and find what is wrong with it.

    The digests of remote files are not compared if the archive at `path` would stay as it is, since they
    were when it was built. One that differs is all that is said of the archive, whose files are others
    than those that are meant.

    Raises:
        LayoutError: files are missing, conflict, or have another digest than is declared.
    """
    try:
        archive = lay_out(config, project.root, instant, project)
        if path is None or Planned(config, archive, path, instant, root=project.root).find_change():
            with show_progress("Comparing digests") as advance:
                refuse_differing(config.remote_files, archive, project.root, advance)
    except LayoutError as error:
        raise LayoutError(*check_configuration(config), *error.causes) from None
    return archive, find_faults(config, archive, project.root, budget)
