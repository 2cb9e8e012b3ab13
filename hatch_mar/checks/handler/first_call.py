"""A handler's function is called without requests first, when the worker loads the model.

pytorch/serve, ts/model_loader.py (`_get_function_entry_point`): the data is None then, and the function
prepares what it needs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hatch_mar.checks.handler_facts import handler_function
from hatch_mar.checks.lineage import Lineage, find_class, trace_lineage
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.functions import FunctionNode
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import dotted_name
from hatch_mar.pysource.none_argument import Called, find_failure
from hatch_mar.torchserve.handlers import BuiltIn, parse_entry

UNGUARDED = Rule(
    code="MAR266",
    title="The handler's function uses its data at load, when it is None",
    consequence="the worker dies with the same `TypeError`, since it calls the function to load the model",
    fix="return early `if data is None`",
)


def check(subject: Subject) -> Iterator[Finding]:
    found = handler_function(subject)
    if found is None:
        return
    module, function = found
    calls = Calls(subject, parse_entry(subject.value("handler") or "")[0], module)
    if failure := find_failure(function, 0, calls.resolve):
        culprit, line = failure
        where = calls.modules.get(culprit, module)
        within = "" if culprit is function else f", by way of `{culprit.name}`"
        text = f"`{function.name}` uses its data{within}, which is None when TorchServe loads the model"
        yield UNGUARDED.at(subject.place(where.member, line), text)


class Calls:
    """The functions that the function of a handler calls, and the methods of the objects it has."""

    def __init__(self, subject: Subject, name: str, module: Module) -> None:
        self.subject, self.name, self.module = subject, name, module
        self.modules: dict[FunctionNode, Module] = {}
        self.owners: dict[FunctionNode, Lineage] = {}

    def resolve(self, caller: FunctionNode, called: ast.expr) -> Called | None:
        """What an expression of the handler's function, or of a method that it calls, refers to."""
        owner, _, name = dotted_name(called).rpartition(".")
        if lineage := self.owners.get(caller):
            return self.find_method(lineage, name) if owner == "self" else None
        match list(self.module.names.get(owner or name)):
            case [ast.FunctionDef() as function] if not owner:
                return function, 0
            case [ast.Call(func=maker)] if owner:
                found = find_class(self.subject, self.name, self.module, maker)
                if found is None or isinstance(found, BuiltIn):
                    return None
                lineage = trace_lineage(self.subject, *found)
                return self.find_method(lineage, name) if lineage else None
        return None

    def find_method(self, lineage: Lineage, name: str) -> Called | None:
        if name == "handle" and lineage.is_handled_in_steps:
            name = "preprocess"
        found = lineage.find_method(name)
        if found is None:
            return None
        module, method = found
        self.modules[method], self.owners[method] = module, lineage
        return method, 1
