"""The modules that importing a module of the archive imports, and the imports that fail on the way."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from hatch_mar.budget import Exhausted
from hatch_mar.checks.search_path import may_change_path
from hatch_mar.checks.subject import MOST_PARTS, Subject
from hatch_mar.pysource.imports import Import, imports, read_import
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Namespace, absolute_name
from hatch_mar.pysource.rehearsal.events import LateImport
from hatch_mar.torchserve import modules
from hatch_mar.torchserve.distributions import NAMESPACES, strip_submodules
from hatch_mar.torchserve.handlers import imports_of

Kind = Literal["absent", "lacking", "relative", "itself", "torchserve", "needed", "name", "torchserve-name"]
"""The module is nowhere; not in a package of the archive; outside of all packages; the importing one;
not one of TorchServe's; needed by one of these. Or a module, also of TorchServe, does not have the name."""

BY_PATH = ("absent", "needed", "name")
"""What may be otherwise if other folders are on the path."""

COMPILED = (".so", ".pyd", ".pyc")


Statement = tuple[str, Module, Import]
"""An import of a module, which is given with its dotted name."""


class Problem(NamedTuple):
    """An import that fails, or may fail, in a worker."""

    kind: Kind
    module: Module
    line: int
    name: str
    """What is imported: of `relative` as it is written, of an absent package the package, else in full."""
    by: str = ""
    """The module of TorchServe that needs it."""


class Reach:
    """Follows imports through the archive, each module once."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.environment = subject.environment
        self.modules: dict[str, Module] = {}
        """By dotted name, in the order they are met."""
        self.own: dict[str, Namespace] = {}
        """The names that a module which imports itself has without that import."""
        self.stopped: Exhausted | None = None
        """Why the imports were not followed to their end."""

    def start(self, name: str) -> Iterator[Problem]:
        """Follow the imports of a module; those of modules that were followed before are not repeated."""
        return self.follow(self.enter(self.import_chain(name)))

    def continue_with(self, events: Iterable[LateImport]) -> Iterator[Problem]:
        """Follow imports that functions make after their modules have been imported."""
        return self.follow(
            (event.module_name, event.module, each) for event in events for each in read_import(event.node)
        )

    def follow(self, first: Iterable[Statement]) -> Iterator[Problem]:
        queue: deque[Statement] = deque()
        found = []
        try:
            queue += first
            while queue:
                problems, names = self.resolve(*queue.popleft())
                found += problems
                queue += self.enter(names)
        except Exhausted as reason:
            self.stopped = self.stopped or reason
        is_path_changed = any(may_change_path(self.subject, module) for module in self.modules.values())
        yield from (problem for problem in found if not (is_path_changed and problem.kind in BY_PATH))

    def enter(self, names: Iterable[str]) -> Iterator[Statement]:
        """What modules import, of those that are met for the first time."""
        for name in names:
            if name in self.modules or (module := self.subject.module(name)) is None:
                continue
            self.modules[name] = module
            yield from ((name, module, statement) for statement in imports(module.tree))

    def resolve(self, name: str, module: Module, statement: Import) -> tuple[list[Problem], list[str]]:
        """What is wrong with an import, and the archive's modules that it runs."""
        target = absolute_name(statement.module, statement.level, module.package_of(name))
        if not target:
            return [Problem("relative", module, statement.line, str(statement))], []
        if not statement.level and self.imports_itself(name, module, statement):
            return [Problem("itself", module, statement.line, name)], []
        for wanted in list_wanted(target, statement.names):
            if fault := self.fault_of(wanted):
                is_whole = fault == "torchserve" or self.look_up(top_of(wanted))
                shown = wanted if is_whole else strip_submodules(wanted)
                return [Problem(fault, module, statement.line, shown)], []
        found = list(self.import_chain(target))
        for part in statement.names:
            found += [f"{target}.{part}"] if self.look_up(f"{target}.{part}") == "module" else []
        problems = [*self.find_nameless(name, module, statement, target), *self.find_needs(module, statement)]
        return problems, found

    def find_needs(self, module: Module, statement: Import) -> Iterator[Problem]:
        """What TorchServe's own modules import, and nothing brings."""
        if not self.is_torchserve(statement.module):
            return
        for name in (statement.module, *(f"{statement.module}.{part}" for part in statement.names)):
            for needed in imports_of(name):
                if not self.environment.has_installed(needed):
                    yield Problem("needed", module, statement.line, needed, name)

    def find_nameless(self, name: str, module: Module, statement: Import, target: str) -> Iterator[Problem]:
        """The names that an import takes from a module which certainly does not have them."""
        for part in statement.names:
            if part == "*" or target == name or self.look_up(f"{target}.{part}"):
                continue
            if self.is_torchserve(target):
                if part not in modules.names_in(target) and not part.startswith("__"):
                    yield Problem("torchserve-name", module, statement.line, f"{target}.{part}")
            elif self.look_up(target) == "module" and not self.may_have(target, part):
                yield Problem("name", module, statement.line, f"{target}.{part}")

    def imports_itself(self, name: str, module: Module, statement: Import) -> bool:
        """Whether a module hides the package of the same name that it imports."""
        if module.is_package or statement.module != name:
            return False
        if name not in self.own:
            body = module.tree.body if module.tree else []
            others = (node for node in body if not (isinstance(node, ast.ImportFrom) and node.module == name))
            self.own[name] = Namespace(others)
        lacks = any(part != "*" and not self.own[name].has(part) for part in statement.names)
        return lacks or self.environment.requires(name)

    def may_have(self, name: str, part: str) -> bool:
        module = self.subject.module(name)
        return module is None or module.may_have(part)

    def is_torchserve(self, name: str) -> bool:
        return top_of(name) == "ts" and self.look_up("ts") is None

    def fault_of(self, name: str) -> Kind | None:
        """Why an absolute import fails, as far as that can be seen."""
        if self.is_torchserve(name):
            return None if name in modules.modules() else "torchserve"
        if self.look_up(top_of(name)) in (None, "folder") and self.environment.has(strip_submodules(name)):
            return None
        for inner in self.prefixes(name):
            if self.look_up(inner) is not None:
                continue
            outer = inner.rpartition(".")[0]
            if not outer or self.look_up(outer) == "folder":
                return "absent"
            package = self.subject.module(outer)
            seen = (
                package is not None
                and package.tree is not None
                and not may_change_path(self.subject, package)
            )
            return "lacking" if seen else None
        return None

    def look_up(self, name: str) -> Literal["module", "compiled", "folder"] | None:
        path = name.replace(".", "/")
        if f"{path}/__init__.py" in self.subject.members or f"{path}.py" in self.subject.members:
            return "module"
        if path in self.compiled_paths or f"{path}/__init__" in self.compiled_paths:
            return "compiled"
        return "folder" if path in self.subject.folders else None

    def import_chain(self, name: str) -> Iterator[str]:
        """A module of the archive after the packages it is in, which Python imports first."""
        return (prefix for prefix in self.prefixes(name) if self.look_up(prefix) == "module")

    @staticmethod
    def prefixes(name: str) -> Iterator[str]:
        parts = name.split(".", MOST_PARTS)[:MOST_PARTS]
        return (".".join(parts[: count + 1]) for count in range(len(parts)))

    @cached_property
    def compiled_paths(self) -> frozenset[str]:
        """Paths of modules without source, up to the first dot of their file names."""
        paths = (PurePosixPath(name) for name in self.subject.members if name.endswith(COMPILED))
        return frozenset((path.parent / path.name.partition(".")[0]).as_posix() for path in paths)


def list_wanted(target: str, names: tuple[str, ...]) -> list[str]:
    """The modules that an import needs: of a namespace, what is in it (`from google import protobuf`)."""
    found = [f"{target}.{name}" for name in names if name != "*"] if target in NAMESPACES else []
    return found or [target]


def top_of(name: str) -> str:
    return name.partition(".")[0]
