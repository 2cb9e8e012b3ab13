"""The project's own modules that an archive needs because its code imports them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hatch_mar.checks import model_file
from hatch_mar.checks.handler.importing import find_in_project, find_late_imports
from hatch_mar.checks.handler.reach import Problem, Reach
from hatch_mar.proposal.draft import Table, add, as_subject

MOST_ROUNDS = 20
"""Modules that are packed because others that are packed import them."""
PACKAGE = "__init__.py"


def add_modules(table: Table, root: Path) -> None:
    """Add the modules of the project at `root` that its handler, model file and weights import, and so on."""
    for _ in range(MOST_ROUNDS):
        added = [add_module(table, root, problem) for problem in find_problems(table, root)]
        if not any([*added, *add_pickled(table, root)]):
            return


def find_problems(table: Table, root: Path) -> Iterator[Problem]:
    """What keeps the code of an archive from being imported."""
    subject = as_subject(table, root)
    reach = Reach(subject)
    yield from reach.start(subject.handler[0])
    if "model-file" in table:
        yield from reach.start(model_file.module_stem(subject.value("modelFile")))
    yield from reach.continue_with(find_late_imports(subject))


def add_module(table: Table, root: Path, problem: Problem) -> bool:
    """Add what an import lacks, if the project has it; whether that changed the table."""
    importing = problem.module.member
    handler = PurePosixPath(str(table["handler"]))
    if problem.kind == "relative" and importing.name == handler.name:
        return name_by_package(table, root, handler)
    if problem.kind != "absent":
        return False
    found = find_in_project(as_subject(table, root), problem.name, importing)
    return found is not None and add(table, *found)


def add_pickled(table: Table, root: Path) -> Iterator[bool]:
    """Add the modules whose classes the weights are pickled with; whether each changed the table."""
    subject = as_subject(table, root)
    member = subject.named_member("serializedFile")
    if member is None:  # it has yet to be fetched
        return
    reach = Reach(subject)
    loadings = subject.weights(member).loadings
    for name in sorted({module for loading in loadings for module, _ in loading.unsafe_globals}):
        if reach.fault_of(name) == "absent" and (found := find_in_project(subject, name, member)):
            yield add(table, *found)


def name_by_package(table: Table, root: Path, handler: PurePosixPath) -> bool:
    """Name the handler as a module of its package, whose modules its relative imports then find."""
    inside = [folder for folder in handler.parents if (root / folder / PACKAGE).is_file()]
    if handler.parent not in inside:
        return False
    top = inside[-1]
    table["handler"] = ".".join(handler.with_suffix("").relative_to(top.parent).parts)
    return add(table, "packages", top.as_posix())
