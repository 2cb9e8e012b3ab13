"""The line of each key in `pyproject.toml` or `hatch.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hatch_mar.archive.filesystem.regular import read_text
from hatch_mar.finding import Finding, Key
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.project.config.reading import walk
from hatch_mar.project.hatch_settings import HATCH_TOML
from hatch_mar.project.toml import tomllib

MAY_BEGIN = re.compile(r"\s*(#|$|\[.*\]\s*(#.*)?$|[^,\]]*=)")
"""What a line looks like that may begin a statement; it may also be inside a value."""

MOST_PARSED = 10_000_000
"""Characters that are parsed to find the statements, some of them as often as a value has lines."""


def locate(findings: Iterable[Finding], root: Path) -> list[Finding]:
    """The findings; those about a key of a TOML file in `root` get the key's line."""
    lines: dict[str, dict[Key, int]] = {}
    located = []
    for finding in findings:
        place = finding.place
        if place.key and place.file in (PYPROJECT, HATCH_TOML):
            if place.file not in lines:
                lines[place.file] = key_lines(read_text(root / place.file))
            place = place._replace(line=find_line(place.key, lines[place.file]))
        located.append(finding._replace(place=place))
    return located


def find_line(key: Key, lines: dict[Key, int]) -> int | None:
    """The line of a key or, if it is not set, of the innermost table around it."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


def key_lines(text: str) -> dict[Key, int]:
    """The line, from 1, of every key and table of a valid TOML document.

    Items inside a value have the line of the value's key.
    """
    lines: dict[Key, int] = {}
    lengths: dict[Key, int] = {}
    table: Key = ()
    for number, document, is_header in statements(text):
        if is_header:
            table = open_table(document, lengths)
            keys = [table[:length] for length in range(1, len(table) + 1)]
        else:
            keys = [(*table, *key) for key, _ in walk(document) if key]
        for key in keys:
            lines.setdefault(key, number)
    return lines


def statements(text: str) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """The line of each statement, its parsed content, and whether it is a table's header.

    A header by itself is valid TOML, as is a key with its value. They end where only an attacker's go on.
    """
    start, pending, left = 1, "", MOST_PARSED
    lines = text.split("\n")
    for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""]), start=1):
        pending += f"{line}\n"
        if not MAY_BEGIN.match(following):
            continue
        left -= len(pending)
        if left < 0:
            return
        try:
            document = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue  # the value continues on the next line
        if document:
            yield start, document, pending.lstrip().startswith("[")
        start, pending = number + 1, ""


def open_table(header: Any, lengths: dict[Key, int]) -> Key:
    """The key of the table that a header begins; `lengths` counts the tables of each array so far."""
    key: Key = ()
    while isinstance(header, dict) and header:
        [(part, header)] = header.items()
        key = (*key, part)
        if isinstance(header, list):
            lengths[key] = lengths.get(key, 0) + 1
        if key in lengths:
            key = (*key, lengths[key] - 1)
    return key
