"""The table of an archive while it is put together, and what checks would see of the archive."""

from __future__ import annotations

from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.checks.subject import Subject
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.layout.layout import describe, gather
from hatch_mar.project.timestamp import build_instant

Value = str | list[str] | dict[str, str]
Table = dict[str, Value]
"""A table of `[tool.mar]`."""


def add(table: Table, key: str, path: str) -> bool:
    """Add a path to an array; whether it was not there."""
    value = table.setdefault(key, [])
    if not isinstance(value, list) or path in value:
        return False
    value.append(path)
    return True


def as_subject(table: Table, root: Path) -> Subject:
    """The archive of a table as checks see it, as far as its files are there."""
    [config] = parse_table({"archives": [table]}, name=lambda: "name", version=lambda: "0")
    archive = Archive(describe(config, root, build_instant()), gather(config, root).found)
    return Subject.of_config(config, archive, root)
