"""What a project declares to build what some calls packed: each archive once."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place
from hatch_mar.migration.call import WORKFLOW_ARCHIVER, Call
from hatch_mar.migration.translate import Relocation, table_of, target_of
from hatch_mar.project.config.models import PYPROJECT, Config, Origins, directory_of
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.edit import Table, Tables, format_tables


class Declaration(NamedTuple):
    call: Call
    table: Table

    @property
    def kind(self) -> str:
        return "workflows" if self.call.tool == WORKFLOW_ARCHIVER else "archives"

    @property
    def config(self) -> Config:
        [config] = parse_table({self.kind: [self.table]}, name=str, version=str)
        # its place among the tables of the project is not known yet, so its keys are named alone
        return config._replace(origins=Origins((key, Place(PYPROJECT, None, (key,))) for key in self.table))


class Declared(NamedTuple):
    """What comes of calls."""

    declarations: list[Declaration]
    notes: list[str]
    faults: list[Finding | str]
    """Why some calls are not among the declarations."""


def declare_calls(calls: Sequence[Call], root: Path, archives: Sequence[Path] = ()) -> Declared:
    """The tables of a project at `root`; of calls that come to the same table, the last counts.

    `archives` are those that the calls left, wherever they are now.
    """
    found: dict[str, Declaration] = {}
    faults: list[Finding | str] = []
    for call in calls:
        try:
            declaration = Declaration(call, find_home(table_of(call, root), call, root, archives))
            shown = format_tables(tables_of([declaration]))
        except ConfigError as error:
            faults += [f"`{call}`: {fault}" for fault in error.faults] if len(calls) > 1 else error.causes
            continue
        found.pop(shown, None)
        found[shown] = declaration
    declarations, notes = [], []
    for same in by_target(tell_apart([*found.values()], root)):
        *others, last = same
        shown = " and ".join(f"`{one.call}` in `{one.call.directory}`" for one in same)
        if others and last.call.overwrote and len({target_of(one.call) for one in same}) == 1:
            notes.append(f"`{last.config.file_name}` was overwritten, and the last call counts: {shown}")
        elif others:
            names = dict.fromkeys(f"`{one.config.file_name}`" for one in same)
            reason = "are one file on file systems that ignore case"
            if len(names) == 1:
                reason = "one project cannot declare twice"
            faults.append(
                f"Several calls write {' and '.join(names)}, which {reason}; give one another"
                f" `--export-path` or name: {shown}"
            )
            continue
        declarations.append(last)
    return Declared(declarations, notes, faults)


def find_home(table: Table, call: Call, root: Path, archives: Sequence[Path]) -> Table:
    """The table with an `export-path` that outlives the command, or without any.

    Scripts pack into a temporary directory and move the archive from there.
    """
    target = target_of(call)
    temporary = target.is_relative_to(os.path.realpath(tempfile.gettempdir()))
    gone = call.members is not None and not target.parent.exists()
    if target.is_relative_to(root) or not (temporary or gone):
        return table
    homes = [path.parent for path in archives if path.name == target.name and path.is_relative_to(root)]
    if len(homes) == 1 and "export-path" in table:
        return {**table, "export-path": homes[0].relative_to(root).as_posix()}
    return {key: value for key, value in table.items() if key != "export-path"}


def by_target(declarations: Sequence[Declaration]) -> list[list[Declaration]]:
    found = defaultdict(list)
    for declaration in declarations:
        config = declaration.config
        found[directory_of(config), config.file_name.casefold()].append(declaration)
    return [*found.values()]


def tell_apart(declarations: list[Declaration], root: Path) -> list[Declaration]:
    """Archives of one name that were written to several working directories stay in these."""
    found: list[Declaration] = []
    for same in by_target(declarations):
        if len({one.call.directory for one in same}) == 1:
            found += same
            continue
        for one in same:
            here = Relocation(Path(one.call.directory), root).path(".")
            found.append(one._replace(table={**one.table, "export-path": one.table.get("export-path", here)}))
    return found


def tables_of(declarations: Sequence[Declaration]) -> Tables:
    kinds = sorted({declaration.kind for declaration in declarations})
    return {kind: [one.table for one in declarations if one.kind == kind] for kind in kinds}
