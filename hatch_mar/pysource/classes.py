"""The classes that TorchServe counts in a module, and what their constructors require.

pytorch/serve, ts/utils/util.py (`list_classes_from_module`): every name of the module that
is bound to a class made in it. An imported class does not count; an `Enum`, a dataclass or
an exception does, and so does each further name of a class.
"""

from __future__ import annotations

import ast
import builtins
from functools import cache
from typing import NamedTuple

from hatch_mar.pysource.namespace import Namespace, Values, dotted_name

FACTORIES = {"namedtuple", "NamedTuple", "TypedDict", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}
"""Functions that make a class in the module that calls them, if they get at least two arguments."""

CLASS_DECORATORS = {
    *("dataclass", "final", "total_ordering", "runtime_checkable", "unique", "verify", "deprecated"),
    *("attrs", "attributes", "define", "frozen", "mutable"),
}
"""Decorators that return a class of the same module."""

MOST_SHOWN = 8

PLAIN_BASES = {"ABC", "Protocol", "Generic", "NamedTuple", "TypedDict", "Enum", "IntEnum", "StrEnum"}
"""Bases from the standard library that have neither `handle` nor `initialize`."""


class ClassBinding(NamedTuple):
    """A name of a module that is, or may be, bound to a class that the module defines."""

    name: str
    nodes: tuple[ast.AST, ...]
    """The syntax that makes each class it may be bound to, in the order of the source."""
    is_certain: bool
    """Whether it is certainly bound to a class."""
    is_only_class: bool
    """Whether it is certainly not bound to anything but these."""

    @property
    def line(self) -> int:
        return line_of(self.nodes[0])

    @property
    def first_name(self) -> str:
        """The name in the class's definition, which this one may be a second name for."""
        first = self.nodes[0]
        return first.name if isinstance(first, ast.ClassDef) else self.name

    @property
    def definitions(self) -> tuple[ast.ClassDef, ...]:
        """All definitions that the class may have; none if it may have others that cannot be seen."""
        found = tuple(node for node in self.nodes if isinstance(node, ast.ClassDef))
        return found if self.is_only_class and len(found) == len(self.nodes) else ()

    @property
    def definition(self) -> ast.ClassDef | None:
        return self.definitions[0] if len(self.definitions) == 1 else None


def class_bindings(names: Namespace) -> list[ClassBinding]:
    """The names that TorchServe counts as classes, in the order of the source."""
    makes = cache(makes_classes)  # a function may have many names
    makers = {name for name, values in names.items() if any(map(makes, values))}
    known: dict[ast.AST | None, bool | None] = {}
    found = []
    for name, values in names.items():
        for value in values:
            if value not in known:
                known[value] = is_own_class(value, names, makers)
        nodes = sorted((value for value in values if value and known[value] is not False), key=line_of)
        if nodes:
            is_certain = all(known[value] for value in values)
            found.append(ClassBinding(name, tuple(nodes), is_certain, len(nodes) == len(values)))
    return sorted(found, key=lambda each: (each.line, each.first_name != each.name, each.name))


def line_of(node: ast.AST | None) -> int:
    number: int = getattr(node, "lineno", 0)
    return number


def is_own_class(value: ast.AST | None, names: Namespace, makers: set[str]) -> bool | None:
    """Whether a value is a class of this module; None where the syntax does not tell."""
    if isinstance(value, ast.ClassDef):
        plain = all(last_name(decorator) in CLASS_DECORATORS for decorator in value.decorator_list)
        return True if plain and not Namespace(value.body).has("__module__") else None
    if not isinstance(value, ast.Call):
        return False
    if last_name(value) == "type":
        return len(value.args) == 3
    if last_name(value) in FACTORIES and len(value.args) >= 2:
        return True
    if dotted_name(value.func) in makers or any(dotted_name(each) in names.classes for each in value.args):
        return None
    return False


def makes_classes(value: ast.AST | None) -> bool:
    """Whether a function may return a class that it defines, which then is one of the module's."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(value, functions) and any(isinstance(node, ast.ClassDef) for node in ast.walk(value))


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name, or of the name of what is called or subscripted."""
    while isinstance(node, (ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return dotted_name(node).rpartition(".")[2]


def list_classes(classes: list[ClassBinding]) -> str:
    """The names of classes for a message, with the first name of those that are a second name."""
    shown = [
        f"`{each.name}`"
        if each.name == each.first_name
        else f"`{each.name}` (the same as `{each.first_name}`)"
        for each in classes[:MOST_SHOWN]
    ]
    return ", ".join(shown) + (", …" if len(classes) > MOST_SHOWN else "")


def class_attribute(found: ast.ClassDef, name: str, module: Namespace) -> Values | None:
    """What a class's objects have under a name: nothing if empty; None if that cannot be told."""
    own = Namespace(found.body)
    if own.has(name):
        return own.get(name)
    if name in names_set(found) or not is_transparent(found):
        return None
    return frozenset() if all(is_plain_base(base, module) for base in found.bases) else None


def is_transparent(found: ast.ClassDef) -> bool:
    """Whether a class has only the attributes that its body and its bases give it."""
    own = Namespace(found.body)
    return (
        all(last_name(each) in CLASS_DECORATORS for each in found.decorator_list)
        and all(each.arg == "metaclass" and last_name(each.value) == "ABCMeta" for each in found.keywords)
        and not own.stars
        and not any(map(own.has, ("__getattr__", "__getattribute__", "__new__")))
    )


def is_plain_base(base: ast.expr, module: Namespace) -> bool:
    """Whether a base class is Python's own and has none of a handler's methods."""
    if isinstance(base, ast.Name) and not module.has(base.id):
        return hasattr(builtins, base.id)
    return last_name(base) in PLAIN_BASES


def names_set(tree: ast.AST) -> frozenset[str]:
    """The attributes that code may set, whether that is known to run or not, by name or by text."""
    return frozenset(
        node.attr if isinstance(node, ast.Attribute) else str(node.value)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    )


def required_arguments(found: ast.ClassDef) -> list[str]:
    """The constructor's arguments without a default, apart from the object itself."""
    if any(
        keyword.arg == "metaclass" and last_name(keyword.value) != "ABCMeta" for keyword in found.keywords
    ):
        return []
    if any(last_name(decorator) not in CLASS_DECORATORS for decorator in found.decorator_list):
        return []
    own = Namespace(found.body)
    for constructor in ("__new__", "__init__"):
        match list(own.get(constructor)):
            case [ast.FunctionDef(decorator_list=[]) as function]:
                if missing := required_parameters(function.args):
                    return missing
    return [] if own.has("__init__") else required_fields(found)


def describe_required(found: ast.ClassDef) -> str:
    """Why the class cannot be made without arguments; empty if it can."""
    required = ", ".join(f"`{argument}`" for argument in required_arguments(found))
    return required and f"Class `{found.name}` is made without arguments, but requires {required}"


def required_parameters(arguments: ast.arguments) -> list[str]:
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    required = positional[1 : max(1, len(positional) - len(arguments.defaults))]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults)
    return required + [argument.arg for argument, default in named if default is None]


def required_fields(found: ast.ClassDef) -> list[str]:
    decorators = [decorator for decorator in found.decorator_list if last_name(decorator) == "dataclass"]
    if not decorators or any(has_keyword(decorator, "init") for decorator in decorators):
        return []
    return [
        node.target.id
        for node in found.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and not mentions(node.annotation, "ClassVar", "KW_ONLY")
        and (
            node.value is None
            or (
                last_name(node.value) == "field"
                and not has_keyword(node.value, "default", "default_factory", "init")
            )
        )
    ]


def mentions(tree: ast.AST, *names: str) -> bool:
    """Whether any of the names occurs, in a string too, since annotations may be strings."""
    return any(
        (getattr(node, "id", None) or getattr(node, "attr", None)) in names
        or (isinstance(node, ast.Constant) and any(name in str(node.value) for name in names))
        for node in ast.walk(tree)
    )


def has_keyword(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Call) and any(keyword.arg in (*names, None) for keyword in node.keywords)


def accepts(value: ast.AST | None, count: int, *, bound: bool = False) -> bool:
    """Whether a function can be called with so many positional arguments; True if that cannot be told.

    A method is `bound`: the object is passed before them.
    """
    if not isinstance(value, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return True
    match [dotted_name(decorator) for decorator in value.decorator_list]:
        case []:
            count += bound
        case ["classmethod"] if bound:
            count += 1
        case ["staticmethod"] if bound:
            pass
        case _:
            return True
    arguments = value.args
    most = len(arguments.posonlyargs) + len(arguments.args)
    least = most - len(arguments.defaults)
    if any(default is None for default in arguments.kw_defaults):
        return False
    return least <= count and (count <= most or arguments.vararg is not None)
