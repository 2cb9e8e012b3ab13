"""A Python module of an archive, parsed and never run."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from hatch_mar.archive.archive import Member
from hatch_mar.pysource.classes import ClassBinding, class_bindings
from hatch_mar.pysource.functions import Function, FunctionNode
from hatch_mar.pysource.imports import path_lines
from hatch_mar.pysource.namespace import Namespace, dotted_name

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
"""What parses the archive's modules; the server's Python may be another."""

LARGEST_MODULE = 1 << 20
"""Bytes of a module that is parsed."""

MOST_DOTS = 1000
"""Dots in one import; Python takes memory in proportion to their square."""

NAMING = {"exec", "eval", "globals", "locals", "setattr", "vars", "__dict__", "__import__"}
"""Names that a module may bind others with."""

BLOCK = re.compile(rb"\b(?:(?:def|class)[\s\\]+(\w+)|lambda|for)\b")
"""What begins a piece of code of its own, with its name if it has one."""
MOST_ALIKE = 5000
"""Pieces of code of one name in a module that is compiled: Python compares each with all before it."""


class Module:
    """A Python module, and what its syntax tells.

    It has no `tree` if it is too large to be parsed, or has a `fault` on a `line`.
    """

    def __init__(
        self, member: Member, tree: ast.Module | None, fault: str | None = None, line: int | None = None
    ) -> None:
        self.member = member
        self.tree = tree
        self.fault = fault
        self.line = line

    @property
    def is_package(self) -> bool:
        return PurePosixPath(self.member.name).name == "__init__.py"

    def package_of(self, name: str) -> str:
        """The package that the module's relative imports start from, by the module's dotted name."""
        return name if self.is_package else name.rpartition(".")[0]

    def walk(self) -> Iterator[ast.AST]:
        """All nodes of its syntax tree; none if it could not be parsed."""
        return ast.walk(self.tree) if self.tree else iter(())

    @cached_property
    def names(self) -> Namespace:
        return Namespace(self.tree.body if self.tree else ())

    @cached_property
    def classes(self) -> list[ClassBinding]:
        """The classes that TorchServe counts in the module, in the order of the source."""
        return class_bindings(self.names)

    @property
    def only_class(self) -> ClassBinding | None:
        """The class that TorchServe uses where it expects exactly one."""
        return self.classes[0] if len(self.classes) == 1 else None

    def may_have(self, name: str) -> bool:
        """Whether the module may have a name once it is imported; False only if its syntax rules that out."""
        return (
            self.tree is None
            or self.names.has(name)
            or self.names.stars
            or self.names.has("__getattr__")
            or not self.late_names.isdisjoint((name, None))
            or name.startswith("__")
        )

    @cached_property
    def late_names(self) -> frozenset[str | None]:
        """Names that functions or expressions bind; None among them for any number of others."""
        names: set[str | None] = set()
        for node in self.walk():
            if isinstance(node, ast.Global):
                names.update(node.names)
            elif isinstance(node, ast.NamedExpr):
                names.add(node.target.id)
            elif isinstance(node, (ast.MatchAs, ast.MatchStar)):
                names.add(node.name)
            elif (isinstance(node, ast.Name) and node.id in NAMING) or dotted_name(node) == "sys.modules":
                names.add(None)
        return frozenset(names)

    @cached_property
    def declared_global(self) -> frozenset[str]:
        """The names that its functions bind in the module."""
        return frozenset(name for node in self.walk() if isinstance(node, ast.Global) for name in node.names)

    @cached_property
    def functions(self) -> tuple[FunctionNode, ...]:
        """All functions and methods, however deep."""
        return tuple(node for node in self.walk() if isinstance(node, Function))

    @cached_property
    def given_attributes(self) -> frozenset[str]:
        """The attributes that its code sets of anything but `self`."""
        return frozenset(
            node.attr
            for node in self.walk()
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and not (isinstance(node.value, ast.Name) and node.value.id == "self")
        )

    @cached_property
    def path_lines(self) -> frozenset[int]:
        """The lines that may change where Python finds modules."""
        return path_lines(self.tree) if self.tree else frozenset()

    @cached_property
    def imported(self) -> frozenset[str]:
        """The full names of everything that the module imports, functions and conditions included."""
        names: set[str] = set()
        for node in self.walk():
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
        return frozenset(names)


def parse_module(member: Member, source: bytes) -> Module:
    """The module of a member's source, which is parsed unless that would take unbounded time or memory."""
    import warnings

    if not is_parsable(source):
        return Module(member, None)
    try:
        with warnings.catch_warnings():
            # an invalid escape in the user's file is not for this build to warn of
            warnings.simplefilter("ignore")
            tree = ast.parse(source, member.name)
            # finds what is beyond the grammar, such as `return` outside a function; nothing is run
            if count_alike(source) <= MOST_ALIKE:
                compile(tree, member.name, "exec", dont_inherit=True)
            return Module(member, tree)
    except SyntaxError as error:
        return Module(member, None, error.msg, error.lineno)
    except (ValueError, RecursionError, MemoryError) as error:
        # null bytes, or nesting that only an attacker would write
        return Module(member, None, str(error) or type(error).__name__)


def count_alike(source: bytes) -> int:
    """How many pieces of a module's code have the same name, at most."""
    return max(Counter(BLOCK.findall(source)).values(), default=0)


def count_tokens(source: bytes) -> int:
    """About how many words and signs a source has, which is what its syntax tree takes memory for.

    There are none in one that is not parsed.
    """
    if not is_parsable(source):
        return 0
    return sum(1 for _ in re.finditer(rb"\w+|[^\w\s]", source))


def is_parsable(source: bytes) -> bool:
    """Whether Python parses a file in bounded time and memory."""
    lines = source.replace(b"\r", b"").replace(b"\\\n", b"").splitlines()
    return len(source) <= LARGEST_MODULE and not any(
        line.count(b".") > MOST_DOTS and (b"import" in line or b"from" in line) for line in lines
    )
