"""An archive under examination: its members by name, its Python modules parsed once."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from hatch_mar.archive import Archive, FileSource, Member
from hatch_mar.checks.rule import Place
from hatch_mar.manifest import Manifest

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
"""What parses the archive's modules; the server's may be another."""

LARGEST_TEXT = 4 << 20
"""Bytes of a Python or YAML file that are read; a larger one is not written by people."""

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


class Subject:
    """What the checks look at, the same for a configured archive and for one read from disk.

    Args:
        archive: the archive.
        file_name: its own file's name, by which some consumers know it.
        origins: for a configured archive, where each key was set: ``Field `tool.mar.handler` ``.
        allow_globals: what its pickles may import beyond torch's own list.
        root: the project, from which places are shown.
    """

    def __init__(
        self,
        archive: Archive,
        file_name: str,
        origins: Mapping[str, str] | None = None,
        allow_globals: tuple[str, ...] = (),
        root: Path | None = None,
    ) -> None:
        self.archive = archive
        self.file_name = file_name
        self.origins = origins or {}
        self.allow_globals = allow_globals
        self.root = root

    @property
    def manifest(self) -> Manifest:
        return self.archive.manifest

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """By name; of duplicates the last, as TorchServe unpacks them."""
        return {member.name: member for member in self.archive.members}

    def value(self, key: str) -> str | None:
        """A string of the manifest's `model` table, such as `handler`; None if it is absent or no string."""
        value = self.manifest.model.get(key)
        return value if isinstance(value, str) else None

    def place(self, member: Member, line: int | None = None) -> Place:
        """A member's file in the project, or its name in the archive."""
        if not isinstance(member.source, FileSource):
            return Place(f"{self.file_name}/{member.name}", line)
        path = member.source.path
        if self.root and path.is_relative_to(self.root):
            return Place(path.relative_to(self.root).as_posix(), line)
        return Place(str(path), line)

    def set_by(self, key: str) -> Place:
        """Where a value of the manifest was set: a key of `[tool.mar]`, or the manifest itself."""
        return Place(self.origins.get(key, f"{self.file_name}/{self.manifest.name}"))

    def text(self, member: Member) -> bytes:
        """A member's first `LARGEST_TEXT` bytes."""
        data = bytearray()
        for chunk in member.source.chunks():
            data += chunk
            if len(data) >= LARGEST_TEXT:
                break
        return bytes(data[:LARGEST_TEXT])

    def module(self, name: str) -> Module | None:
        """The archive's module of a dotted name, as Python finds it from the archive's root."""
        path = name.replace(".", "/")
        return self.modules.get(f"{path}/__init__.py") or self.modules.get(f"{path}.py")

    @cached_property
    def modules(self) -> Modules:
        return Modules(self)


class Modules:
    """The Python files of an archive, each parsed when it is first asked for."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.parsed: dict[str, Module] = {}

    def get(self, name: str) -> Module | None:
        if name not in self.subject.members:
            return None
        if name not in self.parsed:
            member = self.subject.members[name]
            source = self.subject.text(member)
            self.parsed[name] = parsed(member, source) if parsable(source) else Module(member, None)
        return self.parsed[name]


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
