"""What a function returns, and what it does with an argument, as far as that is certain."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.namespace import Namespace, dotted_name, imported_name

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

SCOPES = (*Function, ast.Lambda, ast.ClassDef)

TRANSPARENT = {"timed", "no_grad", "inference_mode", "staticmethod", "override"}
"""Decorators after which a function returns what it returned before."""

DISPLAYS = {
    ast.Dict: "a dict",
    ast.DictComp: "a dict",
    ast.JoinedStr: "a string",
    ast.Tuple: "a tuple",
    ast.Set: "a set",
    ast.SetComp: "a set",
    ast.GeneratorExp: "a generator",
}
CONSTRUCTORS = {
    "dict": "a dict",
    "str": "a string",
    "repr": "a string",
    "tuple": "a tuple",
    "float": "a number",
}
"""Built-in functions and what they return."""
RETURNED = {
    "json.dumps": "a string",
    **dict.fromkeys(
        (
            *("torch.argmax", "torch.sigmoid", "torch.softmax", "torch.nn.functional.softmax"),
            *("torch.tensor", "torch.cat", "torch.stack", "torch.squeeze", "torch.round"),
        ),
        "a tensor",
    ),
    **dict.fromkeys(("numpy.argmax", "numpy.array", "numpy.concatenate", "numpy.stack"), "an array"),
}
"""Functions of other modules, by their full names, and what they return."""

LOGGERS = {"print", "logging", "logger", "log", "LOG", "LOGGER", "_logger"}
"""How the names of functions begin that only log a value."""

MOST_NAMES, MOST_VALUES = 5, 1000
"""Names that are followed from one to the next, and values of theirs that are looked at."""

Bound = Mapping[str, Sequence["ast.expr | None"]]
"""Every value that a function binds to a local name; None among them for one that cannot be told."""


def own_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything in a function's body but what is in functions and classes within."""
    left = list(ast.iter_child_nodes(tree))
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, SCOPES):
            left += ast.iter_child_nodes(node)


def parameter(function: FunctionNode, index: int) -> str | None:
    """The name of the function's positional parameter, counted from 0."""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return names[index] if index < len(names) else None


def find_wrong_return(function: FunctionNode, names: Namespace) -> tuple[int, str] | None:
    """The line where a function returns what is certainly not a list, and what that is.

    None unless that is so of everything that it returns; what may return None at its end, too, must
    return something else somewhere.
    """
    nodes = list(own_nodes(function))
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in nodes):
        return None
    if any(last_name(decorator) not in TRANSPARENT for decorator in function.decorator_list):
        return None
    returns = sorted((node for node in nodes if isinstance(node, ast.Return)), key=lambda node: node.lineno)
    bound = bind_locals(function)
    kinds: list[tuple[int, str | None]] = []
    known: dict[str, str | None] = {}
    for node in returns:
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        kind = known[name] if name in known else kind_of_value(node.value, bound, names)
        if kind is None:
            return None
        known |= {name: kind} if name else {}
        kinds.append((node.lineno, kind))
    told = [(line, kind) for line, kind in kinds if kind and kind != "None"]
    if told:
        return told[0]
    return None if is_stub(function) else (function.lineno, "nothing")


def is_stub(function: FunctionNode) -> bool:
    """Whether a function is not meant to be run, or may never return."""
    last = function.body[-1]
    return isinstance(last, (ast.Raise, ast.While)) or (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)
    )


def kind_of_value(value: ast.expr | None, bound: Bound, names: Namespace) -> str | None:
    """What an expression of a function is, if it is certainly not a list."""
    if value is None:
        return "None"
    if kind := DISPLAYS.get(type(value)):
        return kind
    match value:
        case ast.Constant(value=constant):
            return "None" if constant is None else "a string" if isinstance(constant, str) else "a constant"
        case ast.Call(func=ast.Name(id=called)) if not names.has(called):
            return CONSTRUCTORS.get(called)
        case ast.Call(func=called):
            return RETURNED.get(imported_name(dotted_name(called), names))
        case ast.Name(id=name):
            kinds = [
                kind_of_value(each, bound, names) if each else None for each in values_behind(bound, name)
            ]
            return kinds[0] if kinds and all(kinds) else None
    return None


def values_behind(bound: Bound, name: str) -> list[ast.expr | None]:
    """Every value that a local name may have, through other names too; None for those that cannot be told."""
    followed = [name]
    values: list[ast.expr | None] = []
    for each in followed:
        found = bound.get(each, ())
        if not found or len(followed) > MOST_NAMES or len(values) + len(found) > MOST_VALUES:
            return [None]
        values += [value for value in found if not isinstance(value, ast.Name)]
        others = dict.fromkeys(value.id for value in found if isinstance(value, ast.Name))
        followed += [other for other in others if other not in followed]
    return values


def bind_locals(function: FunctionNode) -> Bound:
    """What a function binds its local names to."""
    bound: defaultdict[str, list[ast.expr | None]] = defaultdict(list)
    told: set[ast.AST] = set()
    for node in own_nodes(function):
        targets, value = targets_of(node)
        for target in targets:
            if isinstance(target, ast.Name):
                told.add(target)
                bound[target.id].append(value)
    for node in own_nodes(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node not in told:
            bound[node.id].append(None)
    for name in bound_otherwise(function):
        bound[name or ""].append(None)
    return bound


def targets_of(node: ast.AST) -> tuple[list[ast.expr], ast.expr | None]:
    """What a statement assigns to, and the value; no targets if it is not an assignment."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return targets, value
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return [target], value
    return [], None


def bound_otherwise(function: FunctionNode) -> Iterator[str | None]:
    """Names that a function has by its parameters, or binds without a target."""
    arguments = function.args
    yield from (each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
    yield from (each.arg for each in (arguments.vararg, arguments.kwarg) if each)
    for node in ast.walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, (*Function, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            yield node.name


def reads_first_alone(function: FunctionNode, index: int) -> int | None:
    """The line where a function takes the first item of a parameter, if it does nothing else with it."""
    name, line = parameter(function, index), None
    for statement in function.body:
        found = [node for node in nodes_of_use(statement) if is_mention(node, name)]
        firsts = [node for node in nodes_of_use(statement) if is_first_item(node, name)]
        stored = [node for node in found if not isinstance(node.ctx, ast.Load)]
        if len(found) - len(stored) > len(firsts):
            return None
        line = line or min((node.lineno for node in firsts), default=None)
        if stored:
            # from then on the name is another thing's, if it certainly is
            return line if isinstance(statement, ast.Assign) else None
    return line


def nodes_of_use(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything in a statement but what is only logged or compared with None."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        match node:
            case ast.Call(func=called) if dotted_name(called).partition(".")[0] in LOGGERS:
                continue
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                continue
        left += ast.iter_child_nodes(node)


def is_mention(node: ast.AST | None, name: str | None) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and node.id == name


def is_first_item(node: ast.AST, name: str | None) -> TypeGuard[ast.Subscript]:
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=0), ctx=ast.Load()):
            return is_mention(value, name)
    return False
