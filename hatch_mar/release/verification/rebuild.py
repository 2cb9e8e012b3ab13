"""Builds a project's archive again, and compares it with the one that was released."""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hatch_mar.archive.filesystem.scratch import scratch_directory
from hatch_mar.archive.formats.reader import open_container, read
from hatch_mar.archive.manifest import ARCHIVER_VERSION, TIME_FORMAT, Manifest
from hatch_mar.archive.packager.obstacles import explain_write_errors
from hatch_mar.build.plan import Planned, load_configs, plan_project
from hatch_mar.errors import ReleaseError
from hatch_mar.inspection.diff import Difference, compare
from hatch_mar.project.config.models import ArchiveConfig, Config, WorkflowConfig, by_name
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.remote_files import refuse_differing
from hatch_mar.release.verification.working_tree import WorkingTree, inspect_working_tree
from hatch_mar.text import quote, quote_some

REPACKED = "it was packed by another tool or version of hatch-mar or Python, or with another `compression`"


@dataclass(frozen=True)
class Rebuilt:
    """An archive compared with a build of the working tree."""

    path: Path
    tree: WorkingTree
    same_bytes: bool
    same_content: bool
    """Whether all members, their modes and the manifest are the same, whatever the container."""
    same_container: bool
    """Whether both have the same kind of container, so that their bytes could be the same."""
    differences: Sequence[Difference] = ()
    """From the file to the build."""
    archiver: str = ""
    """What wrote the file, if not this version of hatch-mar."""

    @property
    def is_as_built(self) -> bool:
        """Whether the file is the same as a build, as far as that can be compared."""
        return self.same_bytes or (self.same_content and not self.same_container)

    def __str__(self) -> str:
        """The verdict, as a sentence."""
        name, tree = f"`{self.path}`", self.tree
        if self.same_bytes:
            return f"{name} has the bytes of {tree}"
        if self.same_content and not self.same_container:
            return f"{name}, packed in another format, has the content of {tree}"
        if self.same_content:
            return f"{name} has the content, but not the bytes, of {tree}; {REPACKED}"
        text = f"{name} differs from a build of {tree}"
        if not self.differences:
            return f"{text}: other files are executable, or a file is in it twice"
        if self.archiver:
            return f"{text}; {quote(self.archiver)} wrote it, and this is `{ARCHIVER_VERSION}`"
        return text

    def to_json(self) -> dict[str, Any]:
        return {
            "commit": self.tree.commit,
            "changed": list(self.tree.changed),
            "not_in_git": list(self.tree.not_in_git),
            "same_bytes": self.same_bytes,
            "same_content": self.same_content,
            "differences": [vars(difference) for difference in self.differences],
        }


def rebuild(path: Path, project: PyProject, advance: Callable[[int], object] = int) -> Rebuilt:
    """Build the archive that has the model and version of the one at `path`, and compare the two.

    It is built in a temporary directory, without a record or a trial. It gets the file's timestamp, so that
    archives with another timestamp than a reproducible one can be compared too. `advance` is called with the
    number of bytes of each read.

    Raises:
        ReleaseError: the project has no archive of this name and version.
        HatchMarError: the file is not an archive, or the project's archive cannot be built.
    """
    with open_container(path) as container:
        manifest, kind = container.manifest(), container.kind
    name = choose(path, manifest, kind, load_configs(project))
    with scratch_directory("rebuild") as folder:
        [planned] = plan_project(project, folder, [name], output=folder, instant=read_time(manifest))
        write(planned, advance)
        same_container = planned.config.format.container == kind
        return judge(path, planned, manifest, advance, same_container=same_container)


def write(planned: Planned, advance: Callable[[int], object]) -> None:
    """Write the archive without records, which would be about another directory, and without a trial."""
    config = planned.config
    with explain_write_errors(planned.path):
        config.format.write(planned.archive, planned.path, planned.packing._replace(report=advance))
    refuse_differing(config.remote_files, planned.archive, planned.root)


def choose(path: Path, manifest: Manifest, kind: str, configs: tuple[Config, ...]) -> str:
    """The name of the project's archive that has a manifest's model and version.

    Raises:
        ReleaseError: the project has none of this name, or only one of another version.
    """
    wanted = WorkflowConfig if manifest.is_of_workflow else ArchiveConfig
    named = {
        name: config
        for name, config in by_name(configs).items()
        if isinstance(config, wanted) and config.name == manifest.subject
    }
    if not named:
        known = quote_some([config.name for config in configs])
        raise ReleaseError(
            f"`{path}` is an archive of {quote(str(manifest.subject))}, which the project does not"
            f" declare; it declares {known}"
        )
    version = manifest.model.get("modelVersion")
    found = {name: config for name, config in named.items() if version in (None, version_of(config))}
    if not found:
        here = quote_some(sorted({str(version_of(config)) for config in named.values()}))
        raise ReleaseError(
            f"`{path}` is version {quote(str(version))} of {quote(str(manifest.subject))}, but a"
            f" build would give {here}; check out the commit of that version"
        )
    return max(
        found,
        key=lambda name: (found[name].format.container == kind, found[name].file_name == path.name),
    )


def version_of(config: Config) -> str | None:
    return config.version if isinstance(config, ArchiveConfig) else None


def read_time(manifest: Manifest) -> datetime | None:
    """The archive's timestamp in its manifest; None if it is in another form."""
    try:
        instant = datetime.strptime(str(manifest.document.get("createdOn")), TIME_FORMAT)
    except ValueError:
        return None
    return instant.replace(tzinfo=timezone.utc)


def judge(
    path: Path,
    planned: Planned,
    manifest: Manifest,
    advance: Callable[[int], object],
    *,
    same_container: bool,
) -> Rebuilt:
    pinned = [each.path for each in planned.config.remote_files]
    tree = inspect_working_tree(planned.root, planned.archive, pinned)
    is_file = path.is_file() and planned.path.is_file()
    if is_file and filecmp.cmp(path, planned.path, shallow=False):
        return Rebuilt(path, tree, same_bytes=True, same_content=True, same_container=True)
    differences = compare(path, planned.path, advance)
    same_content = not differences and list_modes(path) == list_modes(planned.path)
    archiver = str(manifest.document.get("archiverVersion", "another tool"))
    return Rebuilt(
        path,
        tree,
        same_bytes=same_content and same_container and not is_file,  # a directory has no other bytes
        same_content=same_content,
        same_container=same_container,
        differences=differences,
        archiver="" if archiver == ARCHIVER_VERSION else archiver,
    )


def list_modes(path: Path) -> list[tuple[str, bool]]:
    """The members of an archive, and whether each is executable."""
    with read(path) as archive:
        return [(member.name, member.executable) for member in archive.members]
