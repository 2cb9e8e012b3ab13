"""What keeps TorchServe from unpacking an archive."""

from __future__ import annotations

from pathlib import Path

from hatch_mar.archive.formats.reader import open_container
from hatch_mar.checks.archive_file import check_place, explain_unreadable
from hatch_mar.errors import ReadError
from hatch_mar.finding import Finding


def check_unpacking(path: Path, *, deep: bool = False) -> list[Finding]:
    """The findings about a container alone, whatever is packed in it."""
    findings = [*check_place(path)]
    try:
        with open_container(path, deep=deep) as container:
            return [*findings, *container.findings]
    except ReadError as error:
        return [*findings, *explain_unreadable(path, error)]
