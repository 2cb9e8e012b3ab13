"""Where a handler comes from: TorchServe, the archive, or both."""

from __future__ import annotations

import ast

from hatch_mar.archive.archive import Member
from hatch_mar.checks.lineage import Lineage, trace_lineage
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.functions import Function, FunctionNode
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Namespace
from hatch_mar.torchserve.handlers import (
    BUILT_INS,
    HELPERS,
    LOADING_METHODS,
    SOURCE_VOCABULARY,
    BuiltIn,
    Helper,
    parse_entry,
)


def built_in(subject: Subject) -> BuiltIn | None:
    """TorchServe's own handler that the manifest names, unless a module of the archive takes its place."""
    found = BUILT_INS.get(subject.value("handler") or "")
    return found if handler_module(subject) is None else None


def handler_module(subject: Subject) -> Module | None:
    return subject.module(parse_entry(subject.value("handler") or "")[0])


def imported_built_ins(subject: Subject) -> list[BuiltIn]:
    names = imported_names(subject)
    return [each for each in BUILT_INS.values() if each.module in names]


def imported_helpers(subject: Subject) -> list[Helper]:
    names = imported_names(subject)
    return [helper for helper in HELPERS if helper.path in names]


def imported_names(subject: Subject) -> frozenset[str]:
    module = handler_module(subject)
    return module.imported if module else frozenset()


def needs_config(subject: Subject) -> bool:
    """Whether the handler fails without a model configuration."""
    found = built_in(subject)
    return bool(found and (found.all_needs or found.is_async)) or bool(imported_helpers(subject))


def loads_as_base_handler(subject: Subject) -> bool:
    """Whether the weights go through `BaseHandler.initialize` (ts/torch_handler/base_handler.py).

    A class that overrides it, or one of the functions it loads with, may load what it likes.
    """
    if own := built_in(subject):
        return own.loads_as_base_handler
    found = handler_lineages(subject)
    return bool(found) and all(each is not None and keeps_loading(each) for each in found)


def handler_function(subject: Subject) -> tuple[Module, FunctionNode] | None:
    """The function that the worker calls; None if it calls an object's, or one that cannot be told."""
    name, function = parse_entry(subject.value("handler") or "")
    module = subject.module(name)
    match list(module.names.get(function or "handle")) if module else []:
        case [ast.FunctionDef() | ast.AsyncFunctionDef() as found]:
            return (module, found) if module else None
    return None


def handler_lineage(subject: Subject) -> Lineage | None:
    """The handler's class with those that it inherits from; None if there is none, or it cannot be told."""
    found = handler_lineages(subject)
    return found[0] if len(found) == 1 else None


def handler_lineages(subject: Subject) -> list[Lineage | None]:
    """That of each class that the worker may make an object of; none if it calls a function."""
    name, function = parse_entry(subject.value("handler") or "")
    module = subject.module(name)
    if module is None or module.may_have(function or "handle") or module.only_class is None:
        return []
    return [trace_lineage(subject, name, module, each) for each in module.only_class.definitions]


def loads_model_file(subject: Subject) -> bool:
    """Whether TorchServe's own code loads a model file, and for it the weights, by `torch.load`."""
    own = built_in(subject)
    return subject.value("modelFile") is not None and (
        loads_as_base_handler(subject) or bool(own and own.loading)
    )


def find_loaded(subject: Subject) -> list[Member]:
    """The members that TorchServe's own code gives to `torch.load`: the weights, a vocabulary."""
    weights = subject.named_member("serializedFile") if loads_model_file(subject) else None
    vocabulary = subject.members.get(name_vocabulary(subject) or "")
    return [member for member in (weights, vocabulary) if member]


def name_vocabulary(subject: Subject) -> str | None:
    """The file that TorchServe's own text handlers have their words in; None for any other handler."""
    handler = built_in(subject)
    reads = handler is not None and handler.reads_vocabulary
    return (subject.value("sourceVocab") or SOURCE_VOCABULARY) if reads else None


def keeps_loading(lineage: Lineage) -> bool:
    """Whether a class leaves the loading to `BaseHandler`, which it inherits from."""
    if lineage.base is None or not lineage.base.loads_as_base_handler:
        return False
    bodies = [Namespace(link.definition.body) for link in lineage.links]
    return not any(own.has(method) for own in bodies for method in LOADING_METHODS) and all(
        value is None or calls_method(value, "initialize")
        for own in bodies
        for value in own.get("initialize")
    )


def calls_method(method: ast.AST, name: str) -> bool:
    """Whether an overriding method leaves something to the one of this name that it overrides."""
    return isinstance(method, Function) and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
        for node in ast.walk(method)
    )
