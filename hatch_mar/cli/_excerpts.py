"""The lines of files that findings are about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.archive.formats.reader import open_container
from hatch_mar.checks.subject import LARGEST_TEXT
from hatch_mar.errors import HatchMarError
from hatch_mar.finding import Finding
from hatch_mar.text import LINE_END

TAB = 4
LONGEST_LINE = 100
"""Characters of a line that are shown; a line of somebody else's may have millions."""
BEFORE = 30
"""Characters that are shown before what a finding is about, where that is far inside a long line."""

QUOTED = re.compile("`([^`]+)`")

Read = Callable[[int], bytes]
"""Gives at most so many bytes of a file."""


def find_excerpts(findings: Iterable[Finding], root: Path, archives: Sequence[Path]) -> dict[Finding, str]:
    """The line of each finding whose file can be read, each file being read once.

    A file is one of the project at `root`, or in one of `archives`.
    """
    found: dict[Finding, str] = {}
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.place.file and finding.place.line:
            by_file.setdefault(finding.place.file, []).append(finding)
    for archive in archives:
        inside = {file: by_file.pop(file) for file in [*by_file] if is_member(file, archive)}
        if inside:
            with suppress(HatchMarError, OSError):
                found |= excerpts_of_members(archive, inside)
    for file, some in by_file.items():
        with suppress(OSError):
            found |= excerpts_of(some, read_bytes(root / file, LARGEST_TEXT))
    return found


def is_member(file: str, archive: Path) -> bool:
    """Whether a place's file is a member of an archive that is a file; those of a directory are files."""
    return file.startswith(f"{archive}/") and archive.is_file()


def excerpts_of_members(archive: Path, inside: Mapping[str, Sequence[Finding]]) -> dict[Finding, str]:
    found: dict[Finding, str] = {}
    with open_container(archive) as container, explain_read_errors(archive):
        members = {member.name: member for member in container.members}
        for file, findings in inside.items():
            if member := members.get(file.removeprefix(f"{archive}/")):
                found |= excerpts_of(findings, member.read(LARGEST_TEXT))
    return found


def excerpts_of(findings: Iterable[Finding], data: bytes) -> dict[Finding, str]:
    """The lines of one file that findings are about."""
    lines = LINE_END.split(data.decode("utf-8", "replace"))
    return {
        finding: cut(lines[finding.place.line - 1], finding)
        for finding in findings
        if finding.place.line and finding.place.line <= len(lines)
    }


def cut(line: str, finding: Finding) -> str:
    """A line, without what is far from what the finding is about if it is long."""
    line = line.expandtabs(TAB).rstrip()
    if len(line) <= LONGEST_LINE:
        return line
    start = max(0, min(find_place(line, finding) - BEFORE, len(line) - LONGEST_LINE))
    shown = line[start : start + LONGEST_LINE]
    return f"{'…' * bool(start)}{shown}{'…' * (start + LONGEST_LINE < len(line))}"


def find_place(line: str, finding: Finding) -> int:
    """Where in its line is what a finding is about: the first thing that its message quotes, or its key."""
    words = [*names_in(finding)]
    return next((line.index(word) for word in words if word in line), 0)


def names_in(finding: Finding) -> Iterator[str]:
    yield from QUOTED.findall(finding.message)
    yield from (part for part in reversed(finding.place.key) if isinstance(part, str))
