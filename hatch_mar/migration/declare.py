"""What a project declares to build what some calls packed: each archive once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.migration.call import WORKFLOW_ARCHIVER, Call
from hatch_mar.migration.translate import Relocation, table_of
from hatch_mar.project.config.models import FILE, Config, Origins, directory_of
from hatch_mar.project.config.schema import load
from hatch_mar.project.edit import Table, Tables


class Declaration(NamedTuple):
    call: Call
    table: Table

    @property
    def kind(self) -> str:
        return "workflows" if self.call.tool == WORKFLOW_ARCHIVER else "archives"

    @property
    def config(self) -> Config:
        [config] = load({self.kind: [self.table]}, name=str, version=str)
        # its place among the tables of the project is not known yet, so its keys are named alone
        return config._replace(origins=Origins((key, Place(FILE, None, (key,))) for key in self.table))


def declare_calls(calls: Sequence[Call], root: Path) -> list[Declaration]:
    """The tables of a project at `root`; of calls that come to the same table, the last counts."""
    found: dict[str, Declaration] = {}
    faults = []
    for call in calls:
        try:
            declaration = Declaration(call, table_of(call, root))
            found[f"{declaration.kind} {declaration.table}"] = declaration
        except ConfigError as error:
            faults += [f"`{call}`: {fault}" if len(calls) > 1 else fault for fault in error.faults]
    if faults:
        raise ConfigError(*faults)
    declarations = tell_apart([*found.values()], root)
    for same in by_target(declarations):
        if len(same) > 1:
            shown = " and ".join(f"`{one.call}` in `{one.call.directory}`" for one in same)
            faults.append(
                f"Several calls write `{same[0].config.file_name}`, which one project cannot declare twice;"
                f" give one another `--export-path` or name: {shown}"
            )
    if faults:
        raise ConfigError(*faults)
    return declarations


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
