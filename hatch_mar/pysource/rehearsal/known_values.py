"""What an expression may be known to be.

Text, numbers, None and tuples of values stand for themselves; a list or a set is a tuple, a path
its text. A dictionary is a mapping that is never changed. All else has a class here.
Containers are held in one another once only, so that comparing two of them takes bounded time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from hatch_mar.pysource.classes import names_set
from hatch_mar.pysource.module import Module

Value = object

LONGEST_SEQUENCE = 100
"""Elements of a list, or keys of a dictionary, that are told apart."""


class Unknown(Enum):
    UNKNOWN = "anything"
    ABSENT = "nothing, since it is not bound"
    PRESENT = "anything but None"
    BATCH = "a batch of at least one request, or what has been made of it"


UNKNOWN, ABSENT, PRESENT, BATCH = Unknown


class Frame:
    """The names of a module, of a class's body or of one call of a function."""

    def __init__(
        self,
        module: Module,
        module_name: str,
        outer: Frame | None = None,
        *,
        of: Class | None = None,
        instance: Instance | None = None,
    ) -> None:
        self.module = module
        self.module_name = module_name
        self.outer = outer
        """Where a name is looked up that is not bound here."""
        self.of = of
        """The class whose body this is."""
        self.instance = instance
        """The object whose method this is a call of."""
        self.globals: Frame = outer.globals if outer else self
        self.declared: dict[str, Frame] = {}
        """Where the names are bound that are declared `global` or `nonlocal`."""
        self.returned: list[Value] = []

    def owner(self, name: str) -> Frame:
        return self.declared.get(name, self)


@dataclass(frozen=True)
class Reference:
    """Something that is not in the archive, by its full name: `torch.load`, `.read` of an unknown value."""

    name: str


@dataclass(frozen=True)
class Result:
    """What a call of something that is not in the archive returned."""

    name: str
    """The full name of what was called."""
    text: str | None = None
    """The text that it was called with first, such as the path of `open(path)`."""


@dataclass(frozen=True)
class Method:
    """A method of a value that is known."""

    value: Value
    name: str


@dataclass(frozen=True)
class Context:
    """The `ts.context.Context` that the worker passes."""


@dataclass(frozen=True, eq=False)
class Table:
    """A dictionary of which all keys are known, such as the manifest."""

    name: str
    """What it is called in a message, such as `manifest["model"]`."""
    data: Mapping[str, Value] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Package:
    """A module of the archive."""

    name: str
    frame: Frame


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the archive."""

    node: ast.ClassDef
    frame: Frame
    """Its body's, which has the methods and attributes."""
    bases: tuple[Value, ...]

    @cached_property
    def lineage(self) -> list[Value]:
        """The class, its bases and theirs, in about the order in which Python looks for a method."""
        found: list[Value] = [self]
        for base in self.bases:
            found += base.lineage if isinstance(base, Class) else [base]
        return [each for number, each in enumerate(found) if each not in found[number + 1 :]]

    @cached_property
    def named(self) -> frozenset[str]:
        """The attributes that its code may set."""
        return names_set(self.node)

    @cached_property
    def is_open(self) -> bool:
        """Whether its objects may have attributes whose names its code does not tell."""
        nodes = [] if self.node.decorator_list or self.node.keywords else ast.walk(self.node)
        names = (getattr(node, field, None) for node in nodes for field in ("id", "attr", "name"))
        return nodes == [] or not COMPUTED.isdisjoint(filter(None, names))

    def may_set(self, name: str) -> bool:
        return any(isinstance(each, Class) and name in each.named for each in self.lineage)


@dataclass(frozen=True, eq=False)
class Instance:
    """An object of a class of the archive."""

    of: Class


@dataclass(frozen=True)
class Super:
    """`super()` in a method of a class."""

    instance: Instance
    of: Class


@dataclass(frozen=True)
class Function:
    """A function or a lambda of the archive, or a method with the object that it is bound to."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    """Where it was defined."""
    bound_to: Instance | Class | None = None


@dataclass(frozen=True)
class Inherited:
    """A method that an object has from a class that is not in the archive."""

    instance: Instance
    base: str
    """The class's full name."""
    name: str


COMPUTED = {"setattr", "__dict__", "__getattr__", "__getattribute__", "vars", "locals"}
"""By which a class sets or has attributes whose names are computed."""


def is_container(value: Value) -> bool:
    return isinstance(value, (tuple, Mapping))


def contain(container: Value, values: Sequence[Value]) -> Value:
    """A list or a dictionary, if its values are few, and are themselves not such that have others in them."""
    inner = (each for value in values if is_container(value) for each in elements(value))
    return PRESENT if len(values) > LONGEST_SEQUENCE or any(map(is_container, inner)) else container


def elements(container: Value) -> Iterable[Value]:
    return container.values() if isinstance(container, Mapping) else container  # type: ignore[return-value]


def is_constant(value: Value) -> bool:
    """Whether a value is one that Python itself can compute with."""
    if isinstance(value, tuple):
        return all(not is_container(each) and is_constant(each) for each in value)
    return value is None or isinstance(value, (str, int, float, bytes))


def is_none(value: Value) -> bool | None:
    """Whether a value is None; None where that is not known."""
    if value is None:
        return True
    return None if value is UNKNOWN or isinstance(value, (Reference, Result, Inherited)) else False


def truth(value: Value) -> bool | None:
    """Whether a value is true; None where that is not known."""
    if is_constant(value) or isinstance(value, Mapping):
        return bool(value)
    if isinstance(value, Table):
        return bool(value.data)
    objects = (Context, Package, Class, Function)
    return True if value is BATCH or isinstance(value, objects) else None


def blend(values: Iterable[Value]) -> Value:
    """What a name is bound to after one of several ways, each of which binds it to one of the values."""
    first, *others = values
    if all(type(each) is type(first) and each == first for each in others):
        return first
    return PRESENT if all(is_none(each) is False for each in (first, *others)) else UNKNOWN
