"""Which names a module puts into `__main__`, where unpicklers look for what a script had defined."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.namespace import dotted_name

MAIN = "__main__"


def find_placed(tree: ast.Module) -> set[str] | None:
    """The names that it sets there, by `__main__.Net = Net` or `setattr`; None if it may set any.

    Only asking for `__name__` sets none.
    """
    aliases = set(find_aliases(tree))
    placed: set[str] = set()
    harmless: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Compare() if any(
                dotted_name(each) == "__name__" for each in (node.left, *node.comparators)
            ):
                harmless.update(ast.walk(node))
            case ast.Attribute(value=owner, attr=name, ctx=ast.Store()) if is_main(owner, aliases):
                placed.add(name)
                harmless.update(ast.walk(owner))
            case ast.Call(func=ast.Name(id="setattr"), args=[owner, ast.Constant(value=str(name)), _]):
                if is_main(owner, aliases):
                    placed.add(name)
                    harmless.update(ast.walk(owner))
            case ast.Assign(targets=[ast.Name()], value=value) if is_main(value, set()):
                harmless.update(ast.walk(value))
    uses = (node for node in ast.walk(tree) if is_use(node, aliases))
    return placed if all(node in harmless for node in uses) else None


def find_aliases(tree: ast.Module) -> Iterator[str]:
    """The names that the module `__main__` has in a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.asname or alias.name for alias in names if alias.name == MAIN)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_main(value, set()):
                yield name


def is_main(node: ast.AST, aliases: set[str]) -> bool:
    """Whether an expression is the module `__main__`."""
    match node:
        case ast.Name(id=name):
            return name in aliases
        case ast.Subscript(slice=ast.Constant(value="__main__"), ctx=ast.Load()):
            return dotted_name(node.value) == "sys.modules"
        case ast.Call(args=[ast.Constant(value="__main__")]):
            return last_name(node) in ("import_module", "__import__")
    return False


def is_use(node: ast.AST, aliases: set[str]) -> bool:
    """Whether it is something by which a module gets at `__main__`, or gives out its name."""
    match node:
        case ast.Constant(value=str(text)):
            return text == MAIN or text.startswith(f"{MAIN}.")
        case ast.Name(id=name, ctx=ast.Load()):
            return name in aliases
        case ast.ImportFrom(module="__main__", level=0):
            return True
    return False
