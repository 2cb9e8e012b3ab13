"""A Python module, parsed and never run."""

from __future__ import annotations

import ast
import sys
from functools import cached_property

from hatch_mar.archive.archive import Member

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
"""What parses the archive's modules; the server's may be another."""


LARGEST_MODULE = 1 << 20


MOST_DOTS = 1000
"""Bytes of a module that is parsed, and dots of an import, whose square is the memory that Python takes."""


class Module:
    """A Python module of the archive, parsed by the Python that checks.

    Args:
        member: its file.
        tree: None where it does not parse, or is too large to be read.
        fault: why it does not parse.
        line: where.
    """

    def __init__(
        self, member: Member, tree: ast.Module | None, fault: str | None = None, line: int | None = None
    ) -> None:
        self.member = member
        self.tree = tree
        self.fault = fault
        self.line = line

    @cached_property
    def imported(self) -> frozenset[str]:
        """The full names of all that it imports, anywhere in it."""
        names: set[str] = set()
        for node in ast.walk(self.tree) if self.tree else ():
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
        return frozenset(names)

    def classes(self) -> list[ast.ClassDef]:
        """The classes that the module defines at its top level, in `if` and `try` too."""
        return [node for node in statements(self.tree) if isinstance(node, ast.ClassDef)]

    def functions(self) -> list[str]:
        return [
            node.name
            for node in statements(self.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]


def parsable(source: bytes) -> bool:
    """Whether Python parses a file in a bounded time and memory."""
    lines = source.replace(b"\r", b"").replace(b"\\\n", b"").splitlines()
    return len(source) <= LARGEST_MODULE and not any(
        line.count(b".") > MOST_DOTS and (b"import" in line or b"from" in line) for line in lines
    )


def parsed(member: Member, source: bytes) -> Module:
    import warnings

    try:
        with warnings.catch_warnings():
            # an invalid escape in the user's file is not this build's to warn of
            warnings.simplefilter("ignore")
            tree = ast.parse(source, member.name)
            # beyond the grammar, such as `return` outside a function; it runs nothing
            compile(tree, member.name, "exec", dont_inherit=True)
            return Module(member, tree)
    except SyntaxError as error:
        return Module(member, None, error.msg, error.lineno)
    except (ValueError, RecursionError, MemoryError) as error:
        # null bytes, or nesting that only an attacker would write
        return Module(member, None, str(error) or type(error).__name__)


def statements(tree: ast.AST | None) -> list[ast.stmt]:
    """The statements that run when a module is imported, those of `if`, `try` and `with` among them."""
    found: list[ast.stmt] = []
    left = list(reversed(getattr(tree, "body", [])))
    # not by recursion: a chain of `elif` is nested deeper than Python's own stack
    while left:
        node = left.pop()
        found.append(node)
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            inner += [each for handler in getattr(node, "handlers", []) for each in handler.body]
            left += reversed(inner)
    return found
