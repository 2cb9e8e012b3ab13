"""Where a handler comes from: TorchServe's own, or what it takes from TorchServe."""

from __future__ import annotations

import ast

from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Namespace
from hatch_mar.torchserve.handlers import BUILT_INS, OTHER_BUILT_INS, parse_entry


def built_in(subject: Subject) -> str | None:
    """The name of TorchServe's own handler, unless a module of the archive takes its place."""
    name = subject.value("handler")
    return name if name in (*BUILT_INS, *OTHER_BUILT_INS) and handler_module(subject) is None else None


def handler_module(subject: Subject) -> Module | None:
    """The handler's module, if the archive has it."""
    return subject.module(parse_entry(subject.value("handler") or "")[0])


def handler_imports(subject: Subject) -> frozenset[str]:
    """The full names of everything that the handler's module imports."""
    module = handler_module(subject)
    return module.imported if module else frozenset()


def takes_settings(subject: Subject) -> bool:
    """Whether the handler needs settings: an engine of TorchServe's, or what calls its functions."""
    return (built_in(subject) or "").startswith(("vllm", "trt_llm", "dali", "distributed.")) or any(
        name.startswith("ts.handler_utils") for name in handler_imports(subject)
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
    module = handler_module(subject)
    if module is None:
        return built_in(subject) in BASE_MODULES
    _, function = parse_entry(subject.value("handler") or "")
    if module.names.has(function or "handle") or module.only_class is None:
        return False
    definitions = module.only_class.definitions
    return bool(definitions) and all(map(keeps_loading, definitions))


def keeps_loading(found: ast.ClassDef) -> bool:
    """Whether a class leaves the loading to the handler of TorchServe's that it inherits from."""
    if not any(last_name(base) in BASE_CLASSES for base in found.bases):
        return False
    own = Namespace(found.body)
    return not any(map(own.has, LOADERS)) and all(
        value is None or calls_initialize(value) for value in own.get("initialize")
    )


def calls_initialize(method: ast.AST) -> bool:
    """Whether an overriding `initialize` leaves the loading to the one it overrides."""
    return isinstance(method, ast.FunctionDef) and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "initialize"
        for node in ast.walk(method)
    )
