"""Where the archive's own code certainly loads one of its files, such as `torch.load(path)`.

Certain is a call that no condition and no `try` surrounds, in a module that the worker imports, and whose
file follows from names that are assigned once: `os.path.join(model_dir, "w.pth")`, or the manifest's
`serializedFile`.
"""

from __future__ import annotations

import ast
from collections import ChainMap, deque
from collections.abc import Iterable, Iterator, MutableMapping
from itertools import islice
from typing import NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.checks import model_file
from hatch_mar.checks.handler.reach import Reach
from hatch_mar.checks.handler_facts import handler_module
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Loop, Try, dotted_name
from hatch_mar.torchserve.handlers import parse_entry

LOADERS = ("torch.load", "torch.jit.load", "pickle.load", "joblib.load")
GUARDS = (ast.If, ast.IfExp, *Try, *Loop, ast.BoolOp, ast.Match, ast.comprehension)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SERIALIZED_FILE = "serializedFile"
MOST_CALLS = 100
MOST_NODES = 200
"""Pieces of syntax that a file's name is made of."""

Names = MutableMapping[str, "ast.expr | None"]
"""What names are bound to; None for what is bound more than once, or to what cannot be told."""


class LoadCall(NamedTuple):
    loader: str
    """As it is written: `torch.load`."""
    node: ast.Call
    module: Module
    texts: frozenset[str]
    """The strings that the file's name is made of."""

    def opens(self, subject: Subject, member: Member) -> bool:
        """Whether it certainly loads this member."""
        if subject.named_member(SERIALIZED_FILE) is member and SERIALIZED_FILE in self.texts:
            return True
        name = base_name(member.name)
        return name in map(base_name, self.texts) and list(map(base_name, subject.members)).count(name) == 1


def base_name(path: str) -> str:
    return path.rpartition("/")[2]


def find_load_calls(subject: Subject) -> list[LoadCall]:
    """The calls that certainly load a file, as many as are looked at.

    Raises:
        Exhausted: too much Python has been parsed already.
    """
    calls = (call for module in list_imported(subject) for call in find_calls(module))
    return list(islice(calls, MOST_CALLS))


def list_imported(subject: Subject) -> list[Module]:
    """The archive's modules that the worker certainly imports."""
    reach = Reach(subject)
    handler = parse_entry(subject.value("handler") or "")[0] if handler_module(subject) else None
    for start in (handler, model_file.imported_module(subject)):
        if start is not None:
            list(reach.start(start))
    return list(reach.modules.values())


def find_calls(module: Module) -> Iterator[LoadCall]:
    if module.tree is None:
        return
    attributes = find_bound(ast.walk(module.tree), ast.Attribute)
    outer = find_bound(walk_scope(module.tree), ast.Name)
    left: list[tuple[ast.AST, Names]] = [(module.tree, outer)]
    while left:
        node, names = left.pop()
        if isinstance(node, GUARDS) or is_suppressing(node):
            continue
        if isinstance(node, ast.Call) and node.args and dotted_name(node.func) in LOADERS:
            texts = find_texts(node.args[0], ChainMap(attributes, names))
            yield LoadCall(dotted_name(node.func), node, module, texts)
        if isinstance(node, FUNCTIONS):
            parameters = dict.fromkeys(each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg))
            names = ChainMap(find_bound(walk_scope(node), ast.Name), parameters, outer)
        left += [(child, names) for child in ast.iter_child_nodes(node)]


def walk_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """The syntax of a module or a function without that of the functions and classes in it."""
    left = [*ast.iter_child_nodes(scope)]
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            left += ast.iter_child_nodes(node)


def is_suppressing(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and any(
        last_name(item.context_expr) == "suppress" for item in node.items
    )


def find_bound(nodes: Iterable[ast.AST], kind: type[ast.Name | ast.Attribute]) -> dict[str, ast.expr | None]:
    """What the names, or the attributes, are bound to that some syntax assigns."""
    found: dict[str, ast.expr | None] = {}
    for target, value in find_assignments(nodes):
        if isinstance(target, kind) and (name := dotted_name(target)):
            found[name] = None if name in found else value
    return found


def find_assignments(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            yield node.target, node.value
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield node.optional_vars, node.context_expr
        elif isinstance(node, (ast.AugAssign, ast.For, ast.comprehension)):
            yield node.target, None


def find_texts(node: ast.AST, names: Names) -> frozenset[str]:
    """The strings in an expression, and in those that its names are bound to; none if there is too much."""
    texts, left, seen = set[str](), deque([node]), set[str]()
    for _ in range(MOST_NODES):
        if not left:
            return frozenset(texts)
        each = left.popleft()
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            texts.add(each.value)
        name = dotted_name(each)
        value = names.get(name) if name not in seen else None
        if value is not None:
            seen.add(name)
            left.append(value)
        left.extend(islice(ast.iter_child_nodes(each), MOST_NODES))
    return frozenset()
