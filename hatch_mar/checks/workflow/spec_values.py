"""The values of a specification, which TorchServe casts to what it expects: at any other, it gives up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from hatch_mar.checks.model_config.keys import nearest_key
from hatch_mar.checks.model_config.types import LARGEST_INT, STRING, TABLE, ValueType, integer, plain
from hatch_mar.checks.workflow.spec_file import SpecFile
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.text import ask_if_meant, quote
from hatch_mar.torchserve.model_config import Table, in_yaml, kind_of
from hatch_mar.torchserve.workflow_spec import SETTINGS

WRONG = Rule(
    code="MAR853",
    title="A value of the workflow's specification is missing or wrong",
    consequence="the registration fails with a `NullPointerException` or a `ClassCastException`",
    fix="give it a value of that type",
)

INTEGER = integer(-LARGEST_INT - 1, "")
LIMITED = {
    "max-workers": integer(1, "the model has no worker, and every request fails"),
    "timeout-ms": integer(1, "no node answers in time, and every request fails"),
}
"""Settings whose values TorchServe takes as they are, too small ones as well."""
NODES = plain("a list of nodes", list)
NAME = "{} is {}, not a string"
QUOTE = "put it in quotes"


def check(file: SpecFile, spec: Table) -> Iterator[Finding]:
    yield from islice(find_wrong(file, spec), MOST_FINDINGS)


def find_wrong(file: SpecFile, spec: Table) -> Iterator[Finding]:
    for key, fix in (
        ("models", "write `models: {}` if the workflow has none"),
        ("dag", "say which node leads to which, as in `dag: {first: [second]}`"),
    ):
        if spec.get(key) is None:
            fault = "has no value" if key in spec else "is missing"
            yield WRONG.at(file.place(spec.lines.get(key)), f"`{key}` {fault}", fix)
        else:
            yield from check_value(file, spec, key, TABLE)
    yield from check_models(file, spec.table("models") or Table())
    yield from check_dag(file, spec.table("dag") or Table())


def check_models(file: SpecFile, models: Table) -> Iterator[Finding]:
    for name, value in models.items():
        place, shown = file.place(models.lines.get(name)), quote(f"models.{name}")
        if name in SETTINGS:
            yield from check_value(file, models, name, LIMITED.get(name, INTEGER), "models.")
        elif not isinstance(name, str):
            yield WRONG.at(place, NAME.format(shown, kind_of(name)), QUOTE)
        elif isinstance(value, Table):
            yield from check_model(file, value, f"models.{name}.")
        else:
            text = f"TorchServe takes {shown} for a model, which must be {TABLE.describe_misfit(value)}"
            meant = nearest_key(name, SETTINGS)
            yield WRONG.at(place, text, ask_if_meant(meant) if meant else "give it a `url`")


def check_model(file: SpecFile, model: Table, prefix: str) -> Iterator[Finding]:
    for key in SETTINGS:
        if key in model:
            yield from check_value(file, model, key, LIMITED.get(key, INTEGER), prefix)
    # a model without one is another fault, and none if the graph does not name the model
    if model.get("url") is not None:
        yield from check_value(file, model, "url", STRING, prefix)


def check_dag(file: SpecFile, dag: Table) -> Iterator[Finding]:
    for node, following in dag.items():
        place, shown = file.place(dag.lines.get(node)), quote(f"dag.{node}")
        if not isinstance(node, str):
            yield WRONG.at(place, NAME.format(shown, kind_of(node)), QUOTE)
        if following is None:
            yield WRONG.at(place, f"{shown} has no value", "write `[]` if no node follows")
        elif not isinstance(following, list):
            yield from check_value(file, dag, node, NODES, "dag.")
        for each in following if isinstance(following, list) else ():
            if each is not None and not isinstance(each, str):
                fix = "list the nodes' names" if isinstance(each, (list, dict)) else QUOTE
                yield WRONG.at(place, NAME.format(f"`{in_yaml(each)}` in {shown}", kind_of(each)), fix)


def check_value(
    file: SpecFile, table: Table, key: Any, kind: ValueType, prefix: str = ""
) -> Iterator[Finding]:
    value, place, shown = table[key], file.place(table.lines.get(key)), quote(f"{prefix}{key}")
    if value is None:
        yield WRONG.at(place, f"{shown} has no value", f"give it {kind.name}, or leave it out")
    elif not kind.has(value):
        yield WRONG.at(place, f"{shown} must be {kind.describe_misfit(value)}")
    elif fault := kind.describe_fault(value):
        text = f"{shown} is {in_yaml(value)}, so that {fault}"
        yield WRONG.at(place, text, "set it to more than 0", severity="warning")
