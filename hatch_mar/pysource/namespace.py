"""Which names a module, or a class, has when its body has run, and what they are bound to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import cast

Values = frozenset[ast.AST | None]
"""What a name may be bound to, by the syntax that binds it; None where it may be unbound."""

UNBOUND: Values = frozenset([None])

MOST_VALUES = 20
"""Values that a name takes over from another; more are not followed."""

Loop = (ast.For, ast.AsyncFor, ast.While)
Try = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Namespace:
    """The names that a list of statements binds.

    Of statements that may or may not run, the names may or may not be there: a name's
    values are those of all ways through.
    """

    def __init__(self, body: Iterable[ast.stmt], outer: Scope | None = None) -> None:
        run = Run()
        self.scope = run.through(body, outer) or Scope()
        self.classes = run.classes
        """Names of all classes defined on the way, whatever they are bound to at the end."""
        self.stars = run.stars
        """Whether it takes names from a module that is not known here."""

    def get(self, name: str) -> Values:
        return self.scope.bound.get(name, UNBOUND)

    def items(self) -> Iterable[tuple[str, Values]]:
        return self.scope.bound.items()

    def has(self, name: str) -> bool:
        """Whether the name is bound, on some way at the least."""
        return any(value is not None for value in self.get(name))


class Scope:
    """Names bound on one way through the statements, over those bound before it forked."""

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
        """Take over what any of several ways, forked off this scope, has bound."""
        ends = [way for way in ways if way is not None]
        found: dict[str, list[Values]] = {}
        for way in ends:
            for name, values in way.bound.items():
                found.setdefault(name, []).append(values)
        for name, alternatives in found.items():
            if len(alternatives) < len(ends):
                alternatives.append(self.get(name))
            self.bound[name] = frozenset().union(*alternatives)


class Run:
    """The statements' effect on names, one kind of statement a method."""

    def __init__(self) -> None:
        self.stars = False
        self.classes: set[str] = set()

    def through(self, body: Iterable[ast.stmt], outer: Scope | None) -> Scope | None:
        """The names bound at the end, or None if it is not reached."""
        scope = Scope(outer)
        for node in body:
            if isinstance(node, (ast.Raise, ast.Return, ast.Continue, ast.Break)):
                return None
            self.step(node, scope)
        return scope

    def step(self, node: ast.stmt, scope: Scope) -> None:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            scope.bind(node.name, node)
            if isinstance(node, ast.ClassDef):
                self.classes.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports(node, scope)
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
            self.fork(node, scope)

    def imports(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars = True
            elif isinstance(node, ast.ImportFrom):
                scope.bind(alias.asname or alias.name, node)
            else:
                scope.bind(alias.asname or alias.name.partition(".")[0], node)

    def fork(self, node: ast.stmt, scope: Scope) -> None:
        if isinstance(node, ast.If):
            scope.join(list(self.branches(node, scope)))
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    assign(item.optional_vars, None, scope)
            scope.join([self.through(node.body, scope)])
        elif isinstance(node, Loop):
            if isinstance(node, (ast.For, ast.AsyncFor)):
                assign(node.target, None, scope)
            scope.join([Scope(scope), self.through(node.body, scope)])
            scope.join([self.through(node.orelse, scope)])
        elif isinstance(node, Try):
            self.attempt(cast("ast.Try", node), scope)
        elif isinstance(node, ast.Match):
            scope.join([Scope(scope), *(self.through(case.body, scope) for case in node.cases)])

    def branches(self, node: ast.If, scope: Scope) -> Iterator[Scope | None]:
        # a chain of `elif` is nested, and may be deeper than Python's own stack
        while True:
            truth = known(node.test)
            if truth is not False:
                yield self.through(node.body, scope)
            if truth is True:
                return
            match node.orelse:
                case [ast.If() as following]:
                    node = following
                case orelse:
                    yield self.through(orelse, scope)
                    return

    def attempt(self, node: ast.Try, scope: Scope) -> None:
        body = self.through(node.body, scope)
        # an exception comes before the body's first statement, after its last, or between
        partly = Scope(scope)
        partly.join([Scope(), body])
        handled = [self.after(partly, handler.body) for handler in node.handlers]
        scope.join([body and self.after(body, node.orelse), *handled])
        scope.join([self.through(node.finalbody, scope)])

    def after(self, first: Scope, body: Iterable[ast.stmt]) -> Scope | None:
        then = self.through(body, first)
        if then is not None:
            then.bound = {**first.bound, **then.bound}
        return then


def assign(target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        scope.bound[target.id] = values(target, value, scope)
    elif isinstance(target, ast.Starred):
        assign(target.value, None, scope)
    elif isinstance(target, (ast.Tuple, ast.List)):
        pairwise = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        elements = cast("ast.Tuple", value).elts if pairwise else [None] * len(target.elts)
        for inner, element in zip(target.elts, elements):
            assign(inner, element, scope)


def values(target: ast.expr, value: ast.expr | None, scope: Scope) -> Values:
    """What an expression stands for: a name for what it is bound to, any other for itself."""
    if isinstance(value, ast.Name):
        found = scope.get(value.id)
        if None not in found and len(found) <= MOST_VALUES:
            return found
    return frozenset([value or target])


def known(test: ast.expr) -> bool | None:
    """The truth of a condition in TorchServe's worker, as far as it is certain."""
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


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name with attributes, or an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))


def imported_name(node: ast.expr, names: Namespace) -> str:
    """The full name of what an expression takes from an import: `a.b.c` of `c`, after `from a.b import c`.

    Empty if it is not from an import, or only from a relative or a star import.
    """
    first, dot, rest = dotted(node).partition(".")
    for value in names.get(first):
        if isinstance(value, (ast.Import, ast.ImportFrom)) and (origin := origin_of(first, value)):
            return origin + dot + rest
    return ""


def origin_of(name: str, node: ast.Import | ast.ImportFrom) -> str:
    """The full name of what an import statement binds to a name; empty if the import is relative."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            if (alias.asname or alias.name) == name and not node.level:
                return f"{node.module}.{alias.name}"
        elif alias.asname == name:
            return alias.name
        elif alias.name.partition(".")[0] == name and not alias.asname:
            return name
    return ""
