"""The classes that a class inherits from, through the modules of the archive up to TorchServe's own."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.classes import is_plain_base, is_transparent, names_set
from hatch_mar.pysource.functions import Function, FunctionNode
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Namespace, Values, dotted_name, imported_name
from hatch_mar.torchserve.handlers import BUILT_IN_CLASSES, HANDLERS_PACKAGE, BuiltIn

MOST_LINKS = 20
"""Classes and imports that are followed from one to the next."""


@dataclass(frozen=True)
class Link:
    """A class of the archive."""

    module: Module
    definition: ast.ClassDef

    @cached_property
    def names(self) -> Namespace:
        return Namespace(self.definition.body)

    @cached_property
    def names_set(self) -> frozenset[str]:
        return names_set(self.definition)


class Lineage(NamedTuple):
    """A class and those that it inherits from, but for bases that bring nothing."""

    links: tuple[Link, ...]
    """Those of the archive in the order that Python looks at them, the class itself first."""
    base: BuiltIn | None
    """TorchServe's own that the last of them inherits from, if it does."""

    @property
    def name(self) -> str:
        return self.links[0].definition.name

    def find(self, name: str) -> tuple[Link, Values] | None:
        """The class of the archive whose attribute an object has under a name, and what it is."""
        for link in self.links:
            if link.names.has(name):
                return link, link.names.get(name)
        return None

    def find_method(self, name: str) -> tuple[Module, FunctionNode] | None:
        """The method of the archive that an object has under a name; None if there is none or it may vary."""
        found = self.find(name)
        if found is None or self.may_set(name):
            return None
        link, values = found
        match list(values):
            case [ast.FunctionDef() | ast.AsyncFunctionDef() as method]:
                return link.module, method
        return None

    @property
    def is_handled_in_steps(self) -> bool:
        """Whether the class leaves it to `BaseHandler.handle` to call its methods."""
        own = self.base is not None and self.base.handles_in_steps
        return own and self.find("handle") is None and not self.may_set("handle")

    def leaves(self, name: str) -> bool:
        """Whether the class leaves something to the method of this name of TorchServe's own class."""
        values = (value for link in self.links for value in link.names.get(name))
        is_kept = all(value is None or calls_method(value, name) for value in values)
        return self.base is not None and is_kept and not self.may_set(name)

    def may_set(self, name: str) -> bool:
        """Whether any of the classes may give its objects an attribute of this name."""
        return any(name in link.names_set for link in self.links)


def trace_lineage(
    subject: Subject, name: str, module: Module, definition: ast.ClassDef, depth: int = 0
) -> Lineage | None:
    """The lineage of a class of a module, given with its dotted name; None if it cannot be told.

    Raises:
        Exhausted: the modules on the way are more than a command reads.
    """
    if depth == MOST_LINKS or not is_transparent(definition):
        return None
    links, base = [Link(module, definition)], None
    for expression in definition.bases:
        if is_plain_base(expression, module.names):
            continue
        found = find_class(subject, name, module, expression)
        if found is None or base:
            return None
        if isinstance(found, BuiltIn):
            base = found
            continue
        further = trace_lineage(subject, *found, depth + 1)
        if further is None or any(link in links for link in further.links):
            return None
        links, base = [*links, *further.links], further.base
    return Lineage(tuple(links), base) if len(links) <= MOST_LINKS else None


def find_class(
    subject: Subject, name: str, module: Module, expression: ast.expr
) -> BuiltIn | tuple[str, Module, ast.ClassDef] | None:
    """The class that an expression of a module refers to, of TorchServe or of the archive."""
    shown = dotted_name(expression)
    for _ in range(MOST_LINKS):
        match list(module.names.get(shown.partition(".")[0])):
            case [ast.ClassDef(name=own) as definition] if own == shown:
                return name, module, definition
        path, _, last = imported_name(shown, module.names, module.package_of(name)).rpartition(".")
        if path.startswith(f"{HANDLERS_PACKAGE}."):
            return BUILT_IN_CLASSES.get(last)
        found = subject.module(path) if path else None
        if found is None:
            return None
        name, module, shown = path, found, last
    return None


def calls_method(method: ast.AST, name: str) -> bool:
    """Whether an overriding method leaves something to the one of this name that it overrides."""
    return isinstance(method, Function) and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
        for node in ast.walk(method)
    )
