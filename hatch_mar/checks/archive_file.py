"""An archive on disk, made by any tool, checked as it is."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.formats.reader import Container, manifest_name, open_container
from hatch_mar.archive.manifest import MANIFEST_NAME, WORKFLOW_MANIFEST_NAME
from hatch_mar.budget import Budget
from hatch_mar.checks import check
from hatch_mar.checks.archive_names import LONELY_MANIFEST
from hatch_mar.checks.links import check_directory_links
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import ReadError
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.torchserve import suffixes
from hatch_mar.torchserve.consumers import DEFAULT_CONSUMERS

MANIFEST = Rule(
    code="MAR199",
    title="The manifest cannot be read",
    consequence="TorchServe refuses the archive with `Failed to parse signature.json`",
    fix="build the archive again",
)
NOT_AN_ARCHIVE = Rule(
    code="MAR899",
    title="The file is not an archive",
    consequence="TorchServe loads nothing from it, or refuses it",
    fix="build the archive again, and copy it whole",
)

SKIPPED = Rule(
    code="MAR831",
    severity="warning",
    title="TorchServe skips the file",
    consequence=(
        "`--models all` loads directories and files named `.mar`, `.model` or `.tar.gz`, and nothing"
        " hidden (ModelServer.java)"
    ),
    fix="rename it, or name it in `--models`",
)


def check_path(
    path: Path, budget: Budget | None = None, consumers: Collection[str] = DEFAULT_CONSUMERS
) -> list[Finding]:
    """Everything that is wrong with the archive at `path`, which is read as far as `budget` reaches."""
    return [
        finding._replace(archives=(str(path),))
        for finding in find_faults(path, budget or Budget(), consumers)
        if finding.rule.applies_to(consumers)
    ]


def find_faults(path: Path, budget: Budget, consumers: Collection[str]) -> Iterator[Finding]:
    budget.release_memory()
    placed = list(check_place(path))
    yield from placed
    if any(finding.severity == "error" for finding in placed):
        return  # TorchServe looks elsewhere, and what it misses there is the same fault
    try:
        with open_container(path, budget, deep=True) as container:
            yield from container.findings
            try:
                archive = container.archive()
            except ReadError as error:
                place = Place(f"{path.name}/{manifest_name(path)}")
                yield from error.findings or [MANIFEST.at(place, str(error), advise(container))]
                return
            yield from check(Subject.of_file(archive, path, budget, consumers))
            yield from check_directory_links(archive, path)
    except ReadError as error:
        yield from explain_unreadable(path, error)


def advise(container: Container) -> str | None:
    """What to do with a folder of archives, or with an archive that has the other kind's name."""
    names = {member.name for member in container.members}
    archives = sorted(name for name in names if name.endswith(suffixes.ARCHIVES))
    if container.kind == "directory" and archives:
        return f"name the archives in it, such as `{(container.path / archives[0]).as_posix()}`"
    for manifest, suffix in ((MANIFEST_NAME, suffixes.MODEL), (WORKFLOW_MANIFEST_NAME, suffixes.WORKFLOW)):
        if container.kind == "zip" and manifest in names and manifest != manifest_name(container.path):
            return f"it has `{manifest}`, so name it `{container.path.stem}{suffix}`"
    return None


def explain_unreadable(path: Path, error: ReadError) -> Iterator[Finding]:
    for cause in error.causes:
        yield cause if isinstance(cause, Finding) else NOT_AN_ARCHIVE.at(Place(str(path)), cause)


def check_place(path: Path) -> Iterator[Finding]:
    """What TorchServe would not find where it looks for models.

    Raises:
        ReadError: there is nothing that can be read.
    """
    if path.is_dir():
        yield from check_folder(path)
        return
    with explain_read_errors(path):
        open_input(path).close()
    if path.name.startswith(".") or not path.name.endswith(suffixes.LOADED):
        yield SKIPPED.at(Place(str(path)), f"`--models all` skips `{path.name}`")


def check_folder(path: Path) -> Iterator[Finding]:
    """A directory whose only content is another directory, which TorchServe loads instead."""
    with os.scandir(path) as children:
        only = next(children, None)
        if only is None or next(children, None) is not None or not only.is_dir():
            return
    folder = MANIFEST_NAME.partition("/")[0]
    if only.name == folder and not (path / folder / MANIFEST_NAME).is_file():
        yield LONELY_MANIFEST.at(Place(str(path)), f"`{path.name}` contains only the manifest")
