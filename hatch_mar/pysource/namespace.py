"""Which names a module or a class has after its body has run, and what they are bound to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import cast

Values = frozenset[ast.AST | None]
"""The syntax of everything that a name may be bound to; None among it if it may be unbound."""

UNBOUND: Values = frozenset([None])

MOST_VALUES = 20
"""Values that are followed from one name to another."""

Loop = (ast.For, ast.AsyncFor, ast.While)
Try = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Namespace:
    """The names that a list of statements binds.

    A name has the values of all ways through statements that may or may not run.
    """

    def __init__(self, body: Iterable[ast.stmt]) -> None:
        self.classes: set[str] = set()
        """The names in all class definitions that were met, whatever the names are bound to at the end."""
        self.stars = False
        """Whether there is a star import, whose names are not known."""
        self.scope = self.run(body, None) or Scope()

    def get(self, name: str) -> Values:
        return self.scope.bound.get(name, UNBOUND)

    def items(self) -> Iterable[tuple[str, Values]]:
        return self.scope.bound.items()

    def has(self, name: str) -> bool:
        """Whether the name is bound on at least one way through the statements."""
        return any(value is not None for value in self.get(name))

    def list_bound(self) -> list[str]:
        """The names that are bound on at least one way through the statements."""
        return [name for name in self.scope.bound if self.has(name)]

    def run(self, body: Iterable[ast.stmt], outer: Scope | None) -> Scope | None:
        """The names bound at the end, or None if it is not reached."""
        scope = Scope(outer)
        for node in body:
            if isinstance(node, (ast.Raise, ast.Return, ast.Continue, ast.Break)):
                return None
            self.run_statement(node, scope)
        return scope

    def run_statement(self, node: ast.stmt, scope: Scope) -> None:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            scope.bind(node.name, node)
            if isinstance(node, ast.ClassDef):
                self.classes.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.run_import(node, scope)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                assign(target, node.value, scope)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                assign(node.target, node.value, scope)
        elif isinstance(node, ast.AugAssign):
            assign(node.target, None, scope)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    scope.bind(target.id, None)
        else:
            self.run_block(node, scope)

    def run_import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars = True
            elif isinstance(node, ast.ImportFrom):
                scope.bind(alias.asname or alias.name, node)
            else:
                scope.bind(alias.asname or alias.name.partition(".")[0], node)

    def run_block(self, node: ast.stmt, scope: Scope) -> None:
        if isinstance(node, ast.If):
            scope.join(list(self.run_branches(node, scope)))
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    assign(item.optional_vars, None, scope)
            scope.join([self.run(node.body, scope)])
        elif isinstance(node, Loop):
            if isinstance(node, (ast.For, ast.AsyncFor)):
                assign(node.target, None, scope)
            scope.join([Scope(scope), self.run(node.body, scope)])
            scope.join([self.run(node.orelse, scope)])
        elif isinstance(node, Try):
            self.run_try(cast("ast.Try", node), scope)
        elif isinstance(node, ast.Match):
            scope.join([Scope(scope), *(self.run(case.body, scope) for case in node.cases)])

    def run_branches(self, node: ast.If, scope: Scope) -> Iterator[Scope | None]:
        # a chain of `elif` is nested, and may be deeper than Python's own stack
        while True:
            truth = truth_of(node.test)
            if truth is not False:
                yield self.run(node.body, scope)
            if truth is True:
                return
            match node.orelse:
                case [ast.If() as following]:
                    node = following
                case orelse:
                    yield self.run(orelse, scope)
                    return

    def run_try(self, node: ast.Try, scope: Scope) -> None:
        body = self.run(node.body, scope)
        # an exception comes before the body's first statement, after its last, or between
        partly = Scope(scope)
        partly.join([Scope(), body])
        handled = [self.run_after(partly, handler.body) for handler in node.handlers]
        scope.join([body and self.run_after(body, node.orelse), *handled])
        scope.join([self.run(node.finalbody, scope)])

    def run_after(self, first: Scope, body: Iterable[ast.stmt]) -> Scope | None:
        then = self.run(body, first)
        if then is not None:
            then.bound = {**first.bound, **then.bound}
        return then


class Scope:
    """The names bound on one way through the statements, over those bound before it forked off."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.bound: dict[str, Values] = {}

    def get(self, name: str) -> Values:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bound:
                return scope.bound[name]
            scope = scope.outer
        return UNBOUND

    def bind(self, name: str, *values: ast.AST | None) -> None:
        self.bound[name] = frozenset(values)

    def join(self, ways: Iterable[Scope | None]) -> None:
        """Bind what any of several ways, forked off this scope, has bound."""
        ends = [way for way in ways if way is not None]
        found: dict[str, list[Values]] = {}
        for way in ends:
            for name, values in way.bound.items():
                found.setdefault(name, []).append(values)
        for name, alternatives in found.items():
            if len(alternatives) < len(ends):
                alternatives.append(self.get(name))
            self.bound[name] = frozenset().union(*alternatives)


def assign(target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        scope.bound[target.id] = values_of(target, value, scope)
    elif isinstance(target, ast.Starred):
        assign(target.value, None, scope)
    elif isinstance(target, (ast.Tuple, ast.List)):
        pairwise = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        elements = cast("ast.Tuple", value).elts if pairwise else [None] * len(target.elts)
        for inner, element in zip(target.elts, elements):
            assign(inner, element, scope)


def values_of(target: ast.expr, value: ast.expr | None, scope: Scope) -> Values:
    """The values of an expression: of a name what it is bound to, of any other the expression itself."""
    if isinstance(value, ast.Name):
        found = scope.get(value.id)
        if None not in found and len(found) <= MOST_VALUES:
            return found
    return frozenset([value or target])


def truth_of(test: ast.expr) -> bool | None:
    """Whether a condition is true in TorchServe's worker; None if that is not certain."""
    truth: bool | None = None
    negations = 0
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, negations = test.operand, negations + 1
    match test:
        case ast.Constant(value=value):
            truth = bool(value)
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            truth = False
        case ast.Compare(
            left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
        ):
            truth = False
    return truth if truth is None else truth ^ bool(negations % 2)


def dotted_name(node: ast.AST) -> str:
    """A name with attributes as text, such as `a.b.c`; empty for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))


def imported_name(name: str, names: Namespace, package: str = "") -> str:
    """The full name of what a name refers to: `a.b.c` of `c`, after `from a.b import c`.

    Empty if it does not come from an import, or comes from a star import, or from a relative one of a
    module whose package is not given.
    """
    first, dot, rest = name.partition(".")
    for value in names.get(first):
        if isinstance(value, (ast.Import, ast.ImportFrom)) and (origin := origin_of(first, value, package)):
            return origin + dot + rest
    return ""


def origin_of(name: str, node: ast.Import | ast.ImportFrom, package: str = "") -> str:
    """The full name of what an import statement binds a name to; empty if that cannot be told."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            if (alias.asname or alias.name) == name:
                target = absolute_name(node.module or "", node.level, package)
                return f"{target}.{alias.name}" if target else ""
        elif alias.asname == name:
            return alias.name
        elif alias.name.partition(".")[0] == name and not alias.asname:
            return name
    return ""


def absolute_name(target: str, level: int, package: str) -> str:
    """The full name of a module that is imported with so many dots; empty if they lead out of the package."""
    if not level:
        return target
    parts = package.split(".") if package else []
    if len(parts) < level:
        return ""
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, target] if target else base)
