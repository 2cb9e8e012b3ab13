"""Calls of functions, classes and methods."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.rehearsal import library
from hatch_mar.pysource.rehearsal.events import Call
from hatch_mar.pysource.rehearsal.known_values import (
    ABSENT,
    BATCH,
    UNKNOWN,
    Class,
    Context,
    Frame,
    Function,
    Inherited,
    Instance,
    Method,
    Reference,
    Result,
    Super,
    Table,
    Unknown,
    Value,
    contain,
)
from hatch_mar.pysource.rehearsal.objects import Objects, defining_class
from hatch_mar.torchserve.base_handler import NEEDS
from hatch_mar.torchserve.handlers import STEPS, handles_in_steps

VIEWS: Mapping[str, Callable[[Mapping[object, Value]], tuple[Value, ...]]] = {
    "keys": tuple,
    "values": lambda data: tuple(data.values()),
    "items": lambda data: tuple(data.items()),
}
"""What methods of a dictionary go through."""


class Site(NamedTuple):
    """A call as it is written, where it is, and the arguments that it has there."""

    node: ast.Call
    frame: Frame
    args: tuple[Value, ...]
    keywords: Mapping[str, Value]


class Calls(Objects):
    """Calls what is known, and records the calls of what is not in the archive."""

    def make_object(self, of: Class, args: tuple[Value, ...], keywords: Mapping[str, Value]) -> Value:
        raise NotImplementedError

    def call_inherited(
        self, method: Inherited, args: tuple[Value, ...], keywords: Mapping[str, Value]
    ) -> Value:
        raise NotImplementedError

    def apply(self, function: Value, site: Site) -> Value:
        """Call anything with arguments that are all given."""
        node, frame, args, keywords = site
        match function:
            case Function():
                return self.run_function(function, args, keywords)
            case Class():
                return self.make_object(function, args, keywords)
            case Reference(name="super"):
                return self.super_of(args, frame)
            case Reference(name="getattr") if len(args) > 1:
                return self.get_attribute(node, args, frame)
            case Reference(name="hasattr") if len(args) == 2 and args[0] == Context():
                return self.store.get(Context, str(args[1])) is not ABSENT
            case Reference(name="importlib.import_module") if args and isinstance(args[0], str):
                return self.import_module(args[0]) or Reference(args[0])
        return self.apply_partly(function, site)

    def apply_partly(self, function: Value, site: Site) -> Value:
        """Call what is not in the archive, with all arguments that are known."""
        node, frame, args, keywords = site
        match function:
            case Inherited():
                for name in NEEDS.get(function.name, ()):
                    self.instance_attribute(function.instance, name, node, frame)
                if function.name in STEPS and args[:1] == (None,) and handles_in_steps(function.base):
                    self.report_none(node.args[0], frame)
                self.record(f"{function.base}.{function.name}", site)
                return self.call_inherited(function, args, keywords)
            case Reference(name=name):
                return self.call_outside(name, site)
            case Method(value=str() as text, name=name):
                if name not in library.METHODS:
                    self.record(f"pathlib.Path.{name}", site._replace(args=(text, *args)))
                return library.call_method(text, name, *args, **keywords)
            case Method(value=Unknown.BATCH, name=name):
                return BATCH if library.is_per_request(name, args, keywords) else UNKNOWN
            case Method(value=value, name=name):
                return self.call_table(value, name, args)
            case _:
                # a name that `import *` may have brought, a value of a table, what a call returned
                self.record(f".{last_name(node.func) or ''}", site)
        return UNKNOWN

    def call_outside(self, name: str, site: Site) -> Value:
        """Call a function by its full name; what is known of Python's library is computed."""
        node, frame, args, keywords = site
        if name in ("enumerate", "list") and args == (BATCH,):
            return BATCH
        if name in library.ITERATING and args[:1] == (None,):
            self.report_none(node.args[0], frame)
        if name == "len" and args == (Reference(library.ARGUMENTS),):
            return UNKNOWN if library.ARGUMENTS in self.changed else library.FEWEST_ARGUMENTS
        if name in library.FUNCTIONS:
            return library.compute(library.FUNCTIONS[name], *args, **keywords)
        self.record(name, site)
        package, _, last = name.rpartition(".")
        if package in ("torch", "torch.nn.functional") and args[:1] == (BATCH,):
            return BATCH if library.is_per_request(last, args[1:], keywords) else UNKNOWN
        return Result(name, next((each for each in args[:1] if isinstance(each, str)), None))

    def record(self, name: str, site: Site) -> None:
        node, frame, args, keywords = site
        where = frame.module, node.lineno, self.phase, self.doubts
        self.events.append(Call(*where, name, args, keywords))
        given = [*args, *(keywords[key] for key in ("args", "argv") if key in keywords)]
        if name in library.PARSING and given in ([], [None]):
            self.report_arguments(node, frame, name)
        self.mark_changed(name, list(values_in((*args, *keywords.values()))))

    def mark_changed(self, name: str, given: Sequence[Value]) -> None:
        """What gets an object may set attributes of it; what gets a table, its keys."""
        self.changed.update(each for each in given if isinstance(each, Instance))
        if Reference("sys") in given or library.ARGUMENTS in given:
            self.changed.add(library.ARGUMENTS)
        if library.is_harmless(name):
            return
        self.changed.update(each for each in given if isinstance(each, Context))
        self.changed.update(each.name for each in given if isinstance(each, Table))
        for each in given:
            self.forget_given(each)

    def forget_given(self, value: Value) -> None:
        """What an object or a function has set may be set to something else by what is given it."""
        match value:
            case Instance():
                self.forget_attributes(value)
            case Function(bound_to=Instance() as instance):
                self.forget_attributes(instance)
            case Function(node=node, frame=frame):
                declared = [each for each in ast.walk(node) if isinstance(each, (ast.Global, ast.Nonlocal))]
                for name in (name for each in declared for name in each.names):
                    self.store.bind(self.find_scope(name, frame) or frame.globals, name, UNKNOWN)

    def forget_attributes(self, instance: Instance) -> None:
        for name in self.store.all_of(instance):
            self.take_step()
            self.store.bind(instance, name, UNKNOWN)

    def get_attribute(self, node: ast.Call, args: tuple[Value, ...], frame: Frame) -> Value:
        value, name, *default = args
        if not isinstance(name, str) or (default and not isinstance(value, Context)):
            return UNKNOWN
        if default and self.store.get(Context, name) is ABSENT:
            return default[0]
        return self.attribute(value, name, node, frame)

    def call_table(self, value: Value, name: str, args: tuple[Value, ...]) -> Value:
        data = value.data if isinstance(value, Table) else value
        if not isinstance(data, Mapping):
            return UNKNOWN
        if name == "get" and args and isinstance(args[0], str):
            default = args[1] if len(args) > 1 else None
            found = data.get(args[0], UNKNOWN if self.is_changed(value) else default)
            # None in a dictionary of the code's own is there to be replaced
            return UNKNOWN if found is None and data is value else found
        if name in VIEWS and not args and not self.is_changed(value):
            values = VIEWS[name](data)
            return contain(values, values)
        if name in ("update", "setdefault", "pop", "clear", "popitem") and isinstance(value, Table):
            self.changed.add(value.name)
        return UNKNOWN

    def super_of(self, args: tuple[Value, ...], frame: Frame) -> Value:
        scope: Frame | None = frame
        while scope is not None and scope.instance is None:
            scope = scope.outer
        instance = scope.instance if scope else None
        of = args[0] if args else defining_class(scope)
        return Super(instance, of) if instance and isinstance(of, Class) else UNKNOWN


def values_in(values: Iterable[Value]) -> Iterator[Value]:
    """Values, and those of lists and dictionaries among them."""
    for value in values:
        yield value
        if isinstance(value, tuple):
            yield from values_in(value)
        elif isinstance(value, Mapping):
            yield from values_in(value.values())
