"""An archive on disk, whoever made it, checked as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hatch_mar.archive.formats.reader import open_container
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.budget import Budget
from hatch_mar.checks import check
from hatch_mar.checks.container.file import check_unpacking
from hatch_mar.checks.links import check_directory_links
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import ReadError
from hatch_mar.finding import Finding, Place, Rule

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


def check_path(path: Path, budget: Budget | None = None) -> list[Finding]:
    """Everything that is wrong with the archive at `path`, which is read as far as `budget` reaches."""
    found = list(check_unpacking(path, deep=True))
    # what TorchServe's Java half cannot read never reaches its Python half
    if not any(finding.severity == "error" for finding in found):
        found += check_content(path, budget or Budget())
    return [finding._replace(archives=(str(path),)) for finding in found]


def check_content(path: Path, budget: Budget) -> Iterator[Finding]:
    try:
        with open_container(path) as container:
            try:
                archive = container.archive()
            except ReadError as error:
                yield MANIFEST.at(Place(f"{path.name}/{MANIFEST_NAME}"), str(error))
                return
            yield from check(Subject.of_file(archive, path, budget))
            yield from check_directory_links(archive, path)
    except ReadError as error:
        yield NOT_AN_ARCHIVE.at(Place(str(path)), str(error))
