"""Where a handler comes from: TorchServe, the archive, or both."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from hatch_mar.archive.archive import Member
from hatch_mar.checks.lineage import Lineage, trace_lineage
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.functions import Function, FunctionNode
from hatch_mar.pysource.module import Module
from hatch_mar.torchserve.handlers import (
    BUILT_INS,
    HELPERS,
    HOOKS,
    LOADING_METHODS,
    SOURCE_VOCABULARY,
    BuiltIn,
    Helper,
)

TRACED: WeakKeyDictionary[Subject, list[Lineage | None]] = WeakKeyDictionary()
"""What has been found of each archive, since many checks ask for it."""


def built_in(subject: Subject) -> BuiltIn | None:
    """TorchServe's own handler that the manifest names, unless a module of the archive takes its place."""
    found = BUILT_INS.get(subject.value("handler") or "")
    return found if handler_module(subject) is None else None


def runs_built_in(subject: Subject, method: str) -> BuiltIn | None:
    """TorchServe's own handler of which the worker runs a method: the one named, or the base of its class.

    None for a class that overrides the method, or one of those that it calls.
    """
    lineage = handler_lineage(subject)
    if lineage is None:
        return built_in(subject)
    return lineage.base if lineage.leaves(method) and not any(map(lineage.find, HOOKS)) else None


def name_built_in(subject: Subject, found: BuiltIn) -> str:
    """What a message calls one of TorchServe's own handlers that runs."""
    if built_in(subject):
        return f"Handler `{found.name}`"
    return f"`{found.class_name}`, which the handler is derived from,"


def handler_module(subject: Subject) -> Module | None:
    return subject.module(subject.handler[0])


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
    started, called = runs_built_in(subject, "initialize"), runs_built_in(subject, "handle")
    needs = bool(started and started.all_needs) or bool(called and called.is_async)
    return needs or bool(imported_helpers(subject))


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
    module = handler_module(subject)
    found = list(module.names.get(subject.handler[1] or "handle")) if module else []
    if module and len(found) == 1 and isinstance(found[0], Function):
        return module, found[0]
    return None


def handler_lineage(subject: Subject) -> Lineage | None:
    """The handler's class with those that it inherits from; None if there is none, or it cannot be told."""
    found = handler_lineages(subject)
    return found[0] if len(found) == 1 else None


def handler_lineages(subject: Subject) -> list[Lineage | None]:
    """That of each class that the worker may make an object of; none if it calls a function."""
    if subject not in TRACED:
        TRACED[subject] = trace_handler(subject)
    return TRACED[subject]


def trace_handler(subject: Subject) -> list[Lineage | None]:
    name, function = subject.handler
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
    handler = runs_built_in(subject, "initialize")
    reads = handler is not None and handler.reads_vocabulary
    return (subject.value("sourceVocab") or SOURCE_VOCABULARY) if reads else None


def keeps_loading(lineage: Lineage) -> bool:
    """Whether a class leaves the loading to `BaseHandler`, which it inherits from."""
    is_of_base = lineage.base is not None and lineage.base.loads_as_base_handler
    return is_of_base and lineage.leaves("initialize") and not any(map(lineage.find, LOADING_METHODS))
