"""A repository's `[tool.mar]` as a person might write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from hatch_mar.proposal.assembly import Assembly, Choose
from hatch_mar.proposal.draft import Table
from hatch_mar.proposal.hub_folders import find_hub_folders, list_hub_files
from hatch_mar.proposal.model import list_models
from hatch_mar.proposal.naming import name_models
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import Repository
from hatch_mar.proposal.stages import leave_out_stages
from hatch_mar.proposal.weights_files import OF_MODELS, find_weights_files
from hatch_mar.text import quote, quote_some

MOST_ARCHIVES = 100
"""Archives that are proposed, which takes seconds."""
OWN = ("model-name", "serialized-file")
"""Keys that archives do not share, even if they have the same values."""
ORDER = (
    *("model-name", "version", "handler", "model-file", "serialized-file", "extra-files", "packages"),
    *("force-include", "exclude", "requirements-file", "requirements-from", "config-file"),
)
"""The keys that are proposed, in the order in which people write them."""


class Proposal(NamedTuple):
    """What `[tool.mar]` could be."""

    shared: Table
    """Its own keys, which are the only archive's, or the defaults of several."""
    archives: Sequence[Table] = ()
    """The tables of `archives`; none if there is one archive."""
    descriptions: Sequence[str] = ()
    """What the weights of each archive are."""
    notes: Sequence[str] = ()
    """What was left out, and what is still to be done, a line for each."""

    def to_table(self) -> Mapping[str, object]:
        """The value of `tool.mar`."""
        return {**self.shared, **({"archives": [*self.archives]} if self.archives else {})}


def propose(
    repository: Repository,
    choose: Choose,
    *,
    project_name: str | None,
    has_version: bool,
    dependencies: Sequence[str] = (),
) -> Proposal:
    """What a project could declare, which is nothing if there are no weights to pack.

    Args:
        project_name: that of the project, if it can name a model.
        has_version: whether the project has a version, which archives take as theirs.
        dependencies: those of the project, as far as they stand in `pyproject.toml`.
    """
    omissions = Omissions()
    weights_files = leave_out_stages(find_weights_files(repository, omissions), omissions)
    subject = repository.as_subject(list_hub_files(repository.files, weights_files))
    hubs = find_hub_folders(subject, weights_files, omissions)
    found = list_models(weights_files, hubs)
    models = found[:MOST_ARCHIVES]
    omissions.add("there are more models than are proposed", *(model.path for model in found[MOST_ARCHIVES:]))
    names = name_models([model.origin for model in models], project_name or "")
    assembly = Assembly(repository, subject, choose, omissions, dependencies)
    left = (path for path in omissions.list_paths() if path.lower().endswith(OF_MODELS))
    weights = [*(each.path for each in weights_files), *left]
    tables = [assembly.assemble(model, name or "model", weights) for model, name in zip(models, names)]
    if project_name and names == [""]:
        del tables[0]["model-name"]  # which is then the project's
    if not has_version:
        tables = [{**table, "version": "1.0"} for table in tables]
    notes = [
        *repository.notes,
        *assembly.list_notes(),
        *(
            f"{quote(model.path)} is an adapter for {quote(model.base)}, which the handler loads too"
            for model in models
            if model.base
        ),
        *omissions.describe({path for table in tables for path in table.get("extra-files", [])}),
        *(() if models else describe_handlers(assembly.handlers)),
    ]
    shared, archives = share([in_order(table) for table in tables])
    return Proposal(shared, archives, [model.description for model in models], notes)


def describe_handlers(paths: Sequence[str]) -> Iterator[str]:
    """What to do where there are handlers, and no weights."""
    if paths:
        yield (
            f"{quote_some(paths)} can be a handler: save or fetch its weights and look again, or write"
            " `[tool.mar]` by hand if it downloads them"
        )


def in_order(table: Table) -> Table:
    return {key: table[key] for key in ORDER if key in table}


def share(tables: Sequence[Table]) -> tuple[Table, list[Table]]:
    """The keys that are the same in all tables, and what is left of each; of one table, all keys."""
    if len(tables) < 2:
        return next(iter(tables), {}), []
    first = tables[0]
    same = [key for key in first if key not in OWN and all(each.get(key) == first[key] for each in tables)]
    return {key: first[key] for key in same}, [
        {key: value for key, value in table.items() if key not in same} for table in tables
    ]
