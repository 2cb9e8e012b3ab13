"""The files of a repository that can be handlers: those with what TorchServe's worker calls."""

from __future__ import annotations

import ast
import re

from hatch_mar.budget import Exhausted
from hatch_mar.checks.handler import entry_point
from hatch_mar.checks.lineage import trace_lineage
from hatch_mar.checks.subject import Subject
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.python_files import dotted_path, name_bases, parse_files
from hatch_mar.proposal.repository import Repository
from hatch_mar.pysource.classes import accepts
from hatch_mar.pysource.functions import Function
from hatch_mar.pysource.module import PYTHON, Module
from hatch_mar.pysource.namespace import Namespace
from hatch_mar.torchserve.handlers import HANDLERS_PACKAGE

WORDS = tuple(map(re.compile, (rb"\btorch_handler\b", rb"\bdef\s+handle\b", rb"\bclass\b.*\(.*[Hh]andle")))
"""One of these is in every handler, but in few other files."""
METHODS = ("initialize", "handle")


def find_handlers(repository: Repository, subject: Subject, omissions: Omissions) -> list[str]:
    """The files that a worker can call; if there are none, those that were meant to be."""
    certain: list[str] = []
    meant: list[str] = []
    for path, module in parse_files(repository, subject, WORDS, omissions).items():
        if module.fault:
            line = f" in line {module.line}" if module.line else ""
            omissions.add(f"it may be a handler, but is not {PYTHON}: {module.fault}{line}", path)
        elif has_handler(subject, dotted_path(path), module):
            faults = [*entry_point.check(subject, module, None)]
            # whether a handler may be async is for the model configuration to say
            is_certain = all(fault.rule is entry_point.ASYNC for fault in faults)
            (certain if is_certain else meant).append(path)
    return certain or meant


def has_handler(subject: Subject, name: str, module: Module) -> bool:
    """Whether a module has a function or a class that only TorchServe would call."""
    functions = module.names.get("handle")
    if any(isinstance(value, Function) for value in functions):
        return any(accepts(value, 2) for value in functions)
    definitions = (definition for found in module.classes for definition in found.definitions)
    return any(is_handler(subject, name, module, definition) for definition in definitions)


def is_handler(subject: Subject, name: str, module: Module, definition: ast.ClassDef) -> bool:
    """Whether a class has a handler's methods, or TorchServe's own class among its bases."""
    try:
        lineage = trace_lineage(subject, name, module, definition)
    except Exhausted:  # the modules of its base classes are too long
        lineage = None
    if lineage is not None:
        return lineage.base is not None or all(map(lineage.find, METHODS))
    own = Namespace(definition.body)
    bases = name_bases(definition, module, name)
    return all(map(own.has, METHODS)) or any(base.startswith(f"{HANDLERS_PACKAGE}.") for base in bases)
