"""Findings as a service shows them: each beside a line of a file in the repository."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from hatch_mar.finding import Finding, Place, name_archives
from hatch_mar.project.config.models import MAR, PYPROJECT
from hatch_mar.project.key_lines import locate
from hatch_mar.text import escape

LINE = re.compile(r"\b(line|column) \d+")
"""Where else in a file something is, as a message says it."""


class Located(NamedTuple):
    finding: Finding
    path: str
    """From the root of the repository, with `/`; absolute if the file is somewhere else."""
    line: int | None
    text: str
    """What is wrong and what to do, on one line. It names the place if that is not the path and the line."""
    fingerprint: str
    """Unique among the findings, and the same in another folder, or with lines added above."""


def locate_findings(
    findings: Sequence[Finding], *, among: Collection[str], root: Path, files: Sequence[Path] = ()
) -> list[Located]:
    """The findings about the archives of the project at `root` with the names `among`, or about `files`."""
    located: list[Located] = []
    equals: Counter[tuple[str, ...]] = Counter()
    for finding in findings:
        archive = next((file for file in files if str(file) in finding.archives), None)
        place = find_place(finding, root, archive)
        inside = "" if place.file == finding.place.file or not finding.place.file else f"{finding.place}: "
        text = escape(f"{inside}{finding.text}{'' if archive else name_archives(finding, among)}")
        path = path_in_repository(place.file or PYPROJECT, Path() if archive else root)
        stable = LINE.sub("", finding.message.replace(f"{root.resolve()}{os.sep}", ""))
        identity = (finding.code, path, finding.place.file or "", stable, *finding.archives)
        equals[identity] += 1
        digest = hashlib.sha256("\0".join([*identity, str(equals[identity])]).encode("utf-8", "replace"))
        located.append(Located(finding, path, place.line, text, digest.hexdigest()))
    return located


def find_place(finding: Finding, root: Path, archive: Path | None) -> Place:
    """The file that stands for the finding's: itself, the archive that it is in, or `pyproject.toml`.

    The last is for what is in no file yet, such as the manifest of an archive that is to be built.
    """
    place, base = finding.place, Path() if archive else root
    if place.file and os.path.lexists(base / place.file):
        return place
    if archive:
        return Place(archive.as_posix())
    if not (root / PYPROJECT).is_file():
        return place
    [table] = locate([finding._replace(place=Place(PYPROJECT, None, MAR))], root)
    return table.place


def path_in_repository(file: str, root: Path) -> str:
    """A file's path from the root of the repository, wherever in it the project at `root` is.

    The repository is the one that GitHub or GitLab has checked out, or else the working directory.
    """
    path = Path(os.path.normpath(root.resolve() / file))
    checkout = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or "."
    repository = Path(checkout).resolve()
    return (path.relative_to(repository) if path.is_relative_to(repository) else path).as_posix()
