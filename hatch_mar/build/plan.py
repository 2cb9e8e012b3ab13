"""A project's archives: laid out, so that every fault is known, then written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats import Packing
from hatch_mar.archive.packager import Artifact, pack, refuse_foreign
from hatch_mar.checks import check
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import CheckError, LayoutError, PackError
from hatch_mar.finding import Finding
from hatch_mar.project.config import schema
from hatch_mar.project.config.models import ArchiveConfig, Config, WorkflowConfig, path_of
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.layout import laid_out


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

    def build(self, moved: Callable[[int], object] = int, stop: Event | None = None) -> Artifact:
        """Write the archive; `moved` is told of every so many bytes that were read.

        With `try = true` it is tried before it takes its place, and until `stop` is set.

        Raises:
            PackError: it could not be written, or a file changed meanwhile.
            TrialError: it was tried, and does not answer as its examples expect.
        """
        config, remember, accept = self.config, repr(self.config), None
        if isinstance(config, ArchiveConfig) and config.try_:
            from hatch_mar.trial import in_build

            remember += in_build.looks(config, self.root)
            accept = in_build.Trier(config, self.archive, self.root, stop or Event())
        packing = Packing(self.instant, config.compression, config.root, moved)
        return pack(
            *(self.archive, self.path, config.format, packing),
            force=config.force,
            remember=remember,
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
    tools = project.pyproject.get("tool", {})
    return schema.load(tools.get("mar"), name=project.name, version=project.version)


def plan(configs: Iterable[Config], project: Project, directory: Path, instant: datetime) -> list[Planned]:
    """Lay out and check archives for a build into `directory`.

    Raises:
        CheckError: with the faults of all of them.
    """
    planned: list[Planned] = []
    faults: list[str] = []
    for config in configs:
        try:
            archive = laid_out(config, project, instant)
        except LayoutError as error:
            faults += error.faults
            continue
        findings = findings_of(config, archive, project.root)
        faults += [str(finding) for finding in findings if finding.severity == "error"]
        warnings = tuple(finding for finding in findings if finding.severity == "warning")
        path = path_of(config, project.root, directory)
        planned.append(Planned(config, archive, path, instant, warnings, project.root))
        faults += places_at_fault(planned)
    if faults:
        raise CheckError(*dict.fromkeys(faults))
    return planned


def places_at_fault(planned: list[Planned]) -> Iterator[str]:
    """Why the last archive cannot go where it should, known before anything is written."""
    *others, last = planned
    try:
        refuse_foreign(last.path, last.config.format)
    except (PackError, OSError) as error:
        yield str(error)
    for other in others:
        if normalized(other.path) == normalized(last.path):
            yield f"Archives `{other.config.name}` and `{last.config.name}` both go to `{last.path}`"


def normalized(path: Path) -> str:
    return os.path.normpath(path).casefold()


def findings_of(config: Config, archive: Archive, root: Path) -> list[Finding]:
    """What the checks say of an archive; of a workflow, nothing."""
    if isinstance(config, WorkflowConfig):
        return []
    subject = Subject(archive, config.file_name, config.origins, config.allow_globals, root)
    return check(subject, config.ignore)
