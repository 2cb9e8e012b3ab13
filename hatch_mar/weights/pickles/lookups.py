"""Calls that look something up by its name, as an import does: `getattr(module, "system")`."""

from __future__ import annotations

from typing import Any

from hatch_mar.weights.pickles.torch_objects import Global, Instance

IMPORTERS = (
    ("cloudpickle", "subimport"),
    ("cloudpickle.cloudpickle", "subimport"),
    ("dill._dill", "_import_module"),
)
"""What pickled functions call for the modules that they name."""


def look_up(function: Global, arguments: Any) -> Global | None:
    """What a call would find by the name that it is given; None if it is another call.

    A module has an empty name.
    """
    if type(arguments) is not tuple:
        return None
    texts = [each for each in arguments if type(each) is str]
    if function in IMPORTERS and texts:
        # dill's also gets an attribute of a module
        module, _, attribute = texts[0].rpartition(".")
        return Global(module, attribute) if module else Global(attribute, "")
    if function == ("operator", "attrgetter"):
        return attribute_of(function, ".".join(texts))
    if function == ("builtins", "getattr") and len(arguments) > 1 and type(arguments[1]) is str:
        owner = arguments[0].maker if isinstance(arguments[0], Instance) else arguments[0]
        return attribute_of(owner if isinstance(owner, Global) else function, arguments[1])
    return None


def attribute_of(owner: Global, name: str) -> Global:
    return Global(owner.module, f"{owner.name}.{name}" if owner.name else name)
