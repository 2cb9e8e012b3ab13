"""Where a handler comes from: TorchServe's own, or what it takes from TorchServe."""

from __future__ import annotations

from hatch_mar.checks.subject import Module, Subject
from hatch_mar.handler import BUILT_INS, OTHER_BUILT_INS


def module_name(subject: Subject) -> str:
    """The handler's module, as the worker reads the name (ts/model_loader.py)."""
    module = (subject.value("handler") or "").partition(":")[0]
    return module.removesuffix(".py").rpartition("/")[2]


def built_in(subject: Subject) -> str | None:
    """The name of TorchServe's own handler, unless a module of the archive goes before it."""
    name = module_name(subject)
    return name if name in (*BUILT_INS, *OTHER_BUILT_INS) and module_of(subject) is None else None


def module_of(subject: Subject) -> Module | None:
    return subject.module(module_name(subject))


def imported(subject: Subject) -> frozenset[str]:
    """The full names of all that the handler's module imports."""
    module = module_of(subject)
    return module.imported if module else frozenset()


def takes_settings(subject: Subject) -> bool:
    """Whether the handler needs settings: an engine of TorchServe's, or what calls its functions."""
    return (built_in(subject) or "").startswith(("vllm", "trt_llm", "dali", "distributed.")) or any(
        name.startswith("ts.handler_utils") for name in imported(subject)
    )
