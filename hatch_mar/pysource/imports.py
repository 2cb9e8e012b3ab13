"""What a module certainly imports when it is imported itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.namespace import dotted_name

CATCHING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}

PATHS = {"sys.path", "sys.meta_path", "sys.path_hooks", "sys.modules", "site.addsitedir"}


class Import(NamedTuple):
    """`import module`, or `from module import names` with `level` dots before the module."""

    module: str
    names: tuple[str, ...]
    """Empty for a plain `import`."""
    level: int
    line: int

    def __str__(self) -> str:
        return "." * self.level + self.module


def imports(tree: ast.Module | None) -> Iterator[Import]:
    """The imports without which the module cannot be imported.

    Those in functions, under a condition, or whose failure is caught are not among them.
    """
    left: list[ast.stmt] = list(reversed(tree.body)) if tree else []
    while left:
        node = left.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from read_import(node)
        elif isinstance(node, ast.Try):
            caught = any(map(catches, node.handlers))
            left += reversed(node.finalbody if caught else node.body + node.orelse + node.finalbody)
        elif isinstance(node, ast.With):
            contexts = [last_name(item.context_expr) for item in node.items]
            left += reversed([] if "suppress" in contexts else node.body)


def read_import(node: ast.Import | ast.ImportFrom) -> list[Import]:
    """The imports of a statement, each of one module."""
    if isinstance(node, ast.Import):
        return [Import(alias.name, (), 0, node.lineno) for alias in node.names]
    names = tuple(alias.name for alias in node.names)
    return [Import(node.module or "", names, node.level, node.lineno)]


def catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(last_name(each) in CATCHING for each in types)


def path_lines(tree: ast.AST) -> frozenset[int]:
    """The lines of a module that may change where Python finds modules, so that imports may not fail."""
    lines: set[int] = set()
    asked: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[value]):
                asked.add(id(value))
            case ast.Name(id="__path__" | "exec" | "__import__"):
                lines.add(node.lineno)
            case ast.Attribute() | ast.Name() if dotted_name(node) in PATHS and id(node) not in asked:
                lines.add(node.lineno)
    return frozenset(lines)
