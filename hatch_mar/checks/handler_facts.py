"""Where a handler comes from: TorchServe's own, or what it takes from TorchServe."""

from __future__ import annotations

import ast

from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.module import Module
from hatch_mar.torchserve.handlers import BUILT_INS, OTHER_BUILT_INS


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


BASE_MODULES = (
    "base_handler",
    "image_classifier",
    "image_segmenter",
    "object_detector",
    "text_classifier",
    "text_handler",
    "vision_handler",
)
"""The built-in handlers that load as `BaseHandler.initialize` does (ts/torch_handler)."""


BASE_CLASSES = (
    "BaseHandler",
    "VisionHandler",
    "TextHandler",
    "ImageClassifier",
    "ImageSegmenter",
    "ObjectDetector",
    "TextClassifier",
)


LOADERS = ("_load_pickled_model", "_load_torchscript_model")
"""What a subclass replaces to load in its own way and keep the rest."""


def loads_as_base_handler(subject: Subject) -> bool:
    """Whether the weights go through `BaseHandler.initialize` (ts/torch_handler/base_handler.py).

    A class that overrides it, or one of the functions it loads with, may load what it likes.
    """
    module = module_of(subject)
    if module is None:
        return built_in(subject) in BASE_MODULES
    function = (subject.value("handler") or "").partition(":")[2]
    if "handle" in module.functions() or function in module.functions():
        return False
    classes = {found.name: found for found in module.classes()}
    return len(classes) == 1 and all(keeps_loading(found) for found in classes.values())


def keeps_loading(found: ast.ClassDef) -> bool:
    if not any(last_name(base) in BASE_CLASSES for base in found.bases):
        return False
    methods = {node.name: node for node in found.body if isinstance(node, ast.FunctionDef)}
    if any(name in methods for name in LOADERS):
        return False
    return "initialize" not in methods or calls_super(methods["initialize"])


def calls_super(method: ast.FunctionDef) -> bool:
    """Whether an overriding `initialize` leaves the loading to the one it overrides."""
    for node in ast.walk(method):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "initialize"
        ):
            return True
    return False


def last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
