"""The eager model's file: TorchServe makes an object of the only class that it defines.

pytorch/serve, ts/torch_handler/base_handler.py (`_load_pickled_model`) and
ts/utils/util.py (`list_classes_from_module`): the file is imported under its name up to
the first dot and must define exactly one class, which is called without arguments.
A handler with loading code of its own may do otherwise.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hatch_mar.checks.handler_facts import handler_module, loads_model_file
from hatch_mar.checks.lineage import trace_lineage
from hatch_mar.checks.model_fit import check_fit
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule, Severity
from hatch_mar.pysource.classes import class_attribute, describe_required, list_classes, mentions
from hatch_mar.pysource.module import PYTHON, Module

MISSING = Rule(
    code="MAR301",
    title="The model file is not in the archive",
    consequence="the worker dies with `Missing the model.py file`",
    fix="add the file, at the archive's root",
)
UNPARSABLE = Rule(
    code="MAR302",
    title="The model file is not Python",
    consequence="the worker dies with the same error when it imports the file",
    fix="fix the file",
)
CLASSES = Rule(
    code="MAR303",
    title="The model file does not define exactly one class",
    consequence=(
        "the worker dies with `Expected only one class as model definition`;"
        " a helper class, an exception or a second name of a class counts too"
    ),
    fix="keep the model's class alone in the file and import the others",
)
ARGUMENTS = Rule(
    code="MAR304",
    title="The model's constructor takes required arguments",
    consequence="the worker dies with `TypeError: __init__() missing … required positional argument`",
    fix="give every argument a default",
)
STEM = Rule(
    code="MAR305",
    title="The model file's name cannot be imported",
    consequence="the worker imports the name up to its first dot and dies with `ModuleNotFoundError`",
    fix="give the file the name of a module, without further dots",
)

NOT_A_MODULE = Rule(
    code="MAR306",
    title="The model's class is not a `torch.nn.Module`",
    consequence="the worker dies with `AttributeError: … object has no attribute 'load_state_dict'`",
    fix="derive it from `torch.nn.Module`",
)

LOADING = ("initialize", "_load_pickled_model", "list_classes_from_module", "modelFile")
"""Names that occur in a handler which leaves the loading to `BaseHandler`, or imitates it."""


def check(subject: Subject) -> Iterator[Finding]:
    severity = loading_severity(subject)
    if severity is None:
        return
    for finding in check_file(subject):
        yield finding._replace(severity=severity)


def loading_severity(subject: Subject) -> Severity | None:
    """How bad a fault of the model file is: a warning if the handler may load it otherwise.

    None if there is no model file, or nothing loads it.
    """
    if subject.value("modelFile") is None:
        return None
    if loads_model_file(subject):
        return "error"
    module = handler_module(subject)
    if module is None or module.tree is None:
        return "warning"
    return "warning" if mentions(module.tree, *LOADING) or may_inherit_loading(module) else None


def may_inherit_loading(module: Module) -> bool:
    """Whether the handler's class may have its `initialize` from a base class that is not seen here."""
    definition = module.only_class and module.only_class.definition
    return definition is not None and class_attribute(definition, "initialize", module.names) is None


def imported_module(subject: Subject) -> str | None:
    name = subject.value("modelFile")
    return module_stem(name) if name in subject.members and loading_severity(subject) is not None else None


def module_stem(name: str | None) -> str:
    return (name or "").partition(".")[0]


def check_file(subject: Subject) -> Iterator[Finding]:
    name = subject.value("modelFile") or ""
    if name not in subject.members:
        yield MISSING.at(subject.set_by("model-file"), f"The archive has no `{name}`")
        return
    if name != f"{module_stem(name)}.py" or "/" in name:
        place = subject.place(subject.members[name])
        yield STEM.at(place, f"TorchServe would import `{name}` as `{module_stem(name)}`")
        return
    # a package of the same name takes the file's place
    module = subject.module(module_stem(name))
    if module is None:
        return
    if module.fault:
        place = subject.place(module.member, module.line)
        yield UNPARSABLE.at(place, f"The model file is not {PYTHON}: {module.fault}")
    elif module.tree is not None:
        yield from check_classes(subject, module)


def check_classes(subject: Subject, module: Module) -> Iterator[Finding]:
    certain = [each for each in module.classes if each.is_certain]
    if len(certain) > 1 or not module.classes:
        place = subject.place(module.member, certain[1].line if certain else None)
        shown = list_classes(certain) or "no class"
        yield CLASSES.at(place, f"The model file defines {shown} where TorchServe expects one class")
        return
    found = module.only_class and module.only_class.definition
    if found is None:
        return
    place = subject.place(module.member, found.lineno)
    if text := describe_required(found):
        yield ARGUMENTS.at(place, text)
    elif loads_model_file(subject):
        if text := describe_lacking(subject, module, found):
            yield NOT_A_MODULE.at(place, text)
        else:
            yield from check_fit(subject, module_stem(subject.value("modelFile")), found.name)


def describe_lacking(subject: Subject, module: Module, found: ast.ClassDef) -> str:
    """Why TorchServe cannot load a model of this class; empty if it may be able to."""
    lineage = trace_lineage(subject, module_stem(subject.value("modelFile")), module, found)
    needed = ("to", "eval") if subject.value("serializedFile") is None else ("load_state_dict", "to", "eval")
    lacking = [name for name in needed if lineage and not lineage.find(name) and not lineage.may_set(name)]
    return f"Class `{found.name}` has no `{lacking[0]}`, which TorchServe calls" if lacking else ""
