"""What TorchServe's worker calls in the handler's module: a function, or a class's methods.

pytorch/serve, ts/model_loader.py (`load`): the function that the handler names, or else
`handle`, is called with data and context, and with None and the context when the worker starts.
If there is no such function, the worker makes an object of the module's only class, without
arguments, and calls its `initialize` with the context, and its `handle` with data and context.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.classes import accepts, class_attribute, describe_required, line_of, list_classes
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Values

CLASSES = Rule(
    code="MAR211",
    title="The handler has neither the function nor exactly one class",
    consequence=(
        "the worker dies with `Expected only one class in custom service code or a function entry point`;"
        " a helper class, an exception or a second name of a class counts too"
    ),
    fix="define a function `handle(data, context)`, or keep one class in the file and import the others",
)
METHODS = Rule(
    code="MAR212",
    title="The handler's class lacks a method",
    consequence="the worker dies with `Expect handle method in class` or `has no attribute 'initialize'`",
    fix="define it, or derive the class from `ts.torch_handler.base_handler.BaseHandler`",
)
ARGUMENTS = Rule(
    code="MAR213",
    title="The handler's constructor takes required arguments",
    consequence="the worker dies with `TypeError: __init__() missing … required positional argument`",
    fix="give every argument a default",
)
SIGNATURE = Rule(
    code="MAR214",
    title="The handler cannot be called as TorchServe calls it",
    consequence="the worker dies with a `TypeError`, at the start or with the first request",
    fix="take exactly these arguments",
)
CLASS_NAMED = Rule(
    code="MAR215",
    title="The handler names a class where a function belongs",
    consequence="the worker calls it with data and context and dies with `TypeError: … takes no arguments`",
    fix="leave the name out: TorchServe finds the class by itself",
)
FALLBACK = Rule(
    code="MAR216",
    severity="warning",
    title="The handler's function does not exist",
    consequence="TorchServe silently uses the only class of the file",
    fix="correct the name, or leave it out",
)
ASYNC = Rule(
    code="MAR217",
    title="The handler is `async`, but the model configuration does not say so",
    consequence="every request is answered with `Invalid model predict output`",
    fix="set `asyncCommunication: true` in the model configuration, or make it a plain function",
)


def check(subject: Subject, module: Module, function: str | None) -> Iterator[Finding]:
    """Check what the worker calls: the function that the handler names, or `handle`, or the only class."""
    if module.tree is None:
        return
    called = function or "handle"
    if module.names.has(called):
        yield from check_function(subject, module, called)
        return
    if module.names.stars or module.names.has("__getattr__"):
        return
    # a module that binds names by `globals()` may have the function, if it is not meant for its class
    if module.may_have(called) and (function or not module.classes):
        return
    if sum(each.is_certain for each in module.classes) > 1 or not module.classes:
        yield report_classes(subject, module, called)
        return
    if function and module.only_class:
        uses = f"so TorchServe uses class `{module.only_class.name}`"
        text = f"`{module.member.name}` has no function `{function}`, {uses}"
        yield FALLBACK.at(subject.set_by("handler"), text)
    if module.only_class and module.only_class.definition:
        yield from check_class(subject, module, module.only_class.definition)


def check_function(subject: Subject, module: Module, name: str) -> Iterator[Finding]:
    values = module.names.get(name)
    if all(isinstance(value, ast.ClassDef) for value in values):
        text = f"The handler's function `{name}` is a class of `{module.member.name}`"
        yield CLASS_NAMED.at(subject.set_by("handler"), text)
        return
    if not any(accepts(value, 2) for value in values):
        text = f"Function `{name}` cannot be called with two arguments, the data and the context"
        yield SIGNATURE.at(subject.place(module.member, first_line(values)), text)
    yield from check_async(subject, module, f"Function `{name}`", values)


def check_class(subject: Subject, module: Module, found: ast.ClassDef) -> Iterator[Finding]:
    place = subject.place(module.member, found.lineno)
    if text := describe_required(found):
        yield ARGUMENTS.at(place, text)
    for name, count, said in (
        ("handle", 2, "two arguments, the data and the context"),
        ("initialize", 1, "one argument, the context"),
    ):
        values = class_attribute(found, name, module.names)
        if values is None:
            continue
        if not values:
            yield METHODS.at(place, f"Class `{found.name}` has no method `{name}`")
        elif not any(accepts(value, count, bound=True) for value in values):
            here = subject.place(module.member, first_line(values))
            yield SIGNATURE.at(here, f"Method `{found.name}.{name}` cannot be called with {said}")
        elif name == "handle":
            yield from check_async(subject, module, f"Method `{found.name}.handle`", values)


def check_async(subject: Subject, module: Module, shown: str, values: Values) -> Iterator[Finding]:
    if not all(isinstance(value, ast.AsyncFunctionDef) and not value.decorator_list for value in values):
        return
    if subject.setting("asyncCommunication") is not True:
        place = subject.place(module.member, first_line(values))
        yield ASYNC.at(place, f"{shown} is `async`, but TorchServe is not told to await it")


def report_classes(subject: Subject, module: Module, called: str) -> Finding:
    classes = [each for each in module.classes if each.is_certain]
    if not classes:
        text = f"`{module.member.name}` has neither a function `{called}` nor a class"
        return CLASSES.at(subject.place(module.member), text)
    text = (
        f"`{module.member.name}` has no function `{called}`, and {len(classes)} classes"
        f" where TorchServe expects one: {list_classes(classes)}"
    )
    return CLASSES.at(subject.place(module.member, classes[1].line), text)


def first_line(values: Values) -> int | None:
    return min((line_of(value) for value in values if value), default=None)
