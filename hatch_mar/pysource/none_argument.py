"""Where a function fails if an argument is None."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from hatch_mar.pysource.classes import last_name, line_of
from hatch_mar.pysource.functions import FunctionNode, is_mention, own_nodes, parameter
from hatch_mar.pysource.namespace import Try

ITERATING = {
    *("all", "any", "enumerate", "iter", "len", "list", "max", "min", "reversed", "set", "sorted", "sum"),
    *("tuple", "zip"),
}
"""Built-in functions that fail if their first argument is None."""

MOST_CALLS = 5
"""Calls that are followed from one function to the next."""

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Match, *Try)
LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)

Called = tuple[FunctionNode, int]
"""A function, and which of its parameters gets a call's first argument, counted from 0."""


def find_failure(
    function: FunctionNode,
    index: int,
    resolve: Callable[[FunctionNode, ast.expr], Called | None],
    depth: int = 0,
) -> tuple[FunctionNode, int] | None:
    """The function and the line that fail if the parameter at `index` is None, before anything may notice.

    Args:
        resolve: finds the function that an expression of a function refers to.
    """
    name = parameter(function, index)
    if name is None or function.decorator_list or isinstance(function, ast.AsyncFunctionDef):
        return None
    for part in straight(function.body, name):
        for node in evaluated(part):
            if uses_value(node, name):
                return function, line_of(node)
            if (
                depth < MOST_CALLS
                and isinstance(node, ast.Call)
                and is_mention(next(iter(node.args), None), name)
            ):
                called = resolve(function, node.func)
                if called and (failure := find_failure(*called, resolve, depth + 1)):
                    return failure
        if any(is_mention(node, name) for node in ast.walk(part)):
            return None
    return None


def straight(body: Iterable[ast.stmt], name: str) -> Iterator[ast.AST]:
    """What of a function's body is run in any case, in order, until it may look at the name or return."""
    left = list(reversed(list(body)))
    while left:
        statement = left.pop()
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
            case ast.With(items=items) if not any(
                last_name(each.context_expr) == "suppress" for each in items
            ):
                yield from (item.context_expr for item in items)
                left += reversed(statement.body)
                continue
            case ast.For(iter=items):
                yield Iteration(items)
        if not isinstance(statement, BLOCKS):
            yield statement
        elif any(is_mention(node, name) or isinstance(node, LEAVING) for node in own_nodes(statement)):
            return
        if isinstance(statement, LEAVING):
            return


class Iteration(ast.AST):
    """A loop over an expression."""

    _fields = ("iter",)

    def __init__(self, items: ast.expr) -> None:
        super().__init__()
        self.iter = items
        self.lineno = items.lineno


def evaluated(part: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement that are evaluated in any case, with what is iterated over."""
    left = [part]
    while left:
        node = left.pop()
        yield node
        match node:
            case ast.Lambda() | ast.Assert():
                pass
            case ast.IfExp(test=first) | ast.BoolOp(values=[first, *_]):
                left.append(first)
            case ast.ListComp(generators=[first, *_]) | ast.SetComp(generators=[first, *_]):
                left.append(Iteration(first.iter))
            case ast.DictComp(generators=[first, *_]) | ast.GeneratorExp(generators=[first, *_]):
                left.append(Iteration(first.iter))
            case _:
                left += reversed(list(ast.iter_child_nodes(node)))


def uses_value(node: ast.AST, name: str) -> bool:
    """Whether an operation fails if the name's value is None."""
    match node:
        case (
            ast.Subscript(value=value, ctx=ast.Load()) | ast.Attribute(value=value) | ast.Starred(value=value)
        ):
            return is_mention(value, name)
        case Iteration(iter=value) | ast.Assign(targets=[ast.Tuple() | ast.List(), *_], value=value):
            return is_mention(value, name)
        case ast.Call(func=ast.Name(id=called), args=[first, *_]) if called in ITERATING:
            return is_mention(first, name)
        case ast.Call(func=ast.Name(id="map" | "filter"), args=[_, second]):
            return is_mention(second, name)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[value]):
            return is_mention(value, name)
    return False
