"""The attributes of modules, classes and objects."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from dataclasses import replace

from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.rehearsal import library
from hatch_mar.pysource.rehearsal.events import DICTIONARY
from hatch_mar.pysource.rehearsal.known_values import (
    ABSENT,
    UNKNOWN,
    Class,
    Context,
    Frame,
    Function,
    Inherited,
    Instance,
    Method,
    Package,
    Reference,
    Result,
    Super,
    Table,
    Unknown,
    Value,
)
from hatch_mar.pysource.rehearsal.ways import Ways
from hatch_mar.torchserve.base_handler import BASE_HANDLER, METHODS

PLAIN_CLASSES = {"object", "abc.ABC", "typing.Generic", "typing.Protocol"}
"""Classes from the standard library that add no attributes to speak of."""

LONGEST_NAME = 200
"""Characters of a full name that grows with each attribute."""


class Objects(Ways):
    """Looks names and attributes up.

    What runs functions and imports modules is defined by `Statements`.
    """

    def run_function(
        self, function: Function, args: tuple[Value, ...], keywords: Mapping[str, Value]
    ) -> Value:
        raise NotImplementedError

    def import_module(self, name: str) -> Package | None:
        raise NotImplementedError

    def may_give(self, name: str) -> bool:
        """Whether code that was not followed may set an attribute of an object from outside."""
        raise NotImplementedError

    def look_up(self, name: str, frame: Frame) -> Value:
        if scope := self.find_scope(name, frame):
            return self.store.get(scope, name)
        return Reference(name) if hasattr(builtins, name) else UNKNOWN

    def find_scope(self, name: str, frame: Frame) -> Frame | None:
        """The frame in which a name is found that code of another one uses."""
        scope: Frame | None = frame.owner(name)
        while scope is not None:
            # a method does not see the names of its class
            if (scope is frame or scope.of is None) and self.store.get(scope, name) is not ABSENT:
                return scope
            scope = scope.outer
        return None

    def bind(self, name: str, value: Value, frame: Frame) -> Value:
        self.store.bind(frame.owner(name), name, value)
        return value

    def attribute(self, value: Value, name: str, node: ast.expr, frame: Frame) -> Value:
        match value:
            case Reference(name=known) | Result(name=known) if len(known) < LONGEST_NAME:
                full = f"{known}.{name}"
                return library.CONSTANTS.get(full, Reference(full))
            case str() if name in library.PATH_ATTRIBUTES:
                return library.path_attribute(value, name)
            case Table() if not hasattr(dict, name):
                self.report_missing(node, frame, DICTIONARY, name, value)
                return UNKNOWN
            case str() | tuple() | Mapping() | Table():
                return Method(value, name)
            case Unknown.BATCH if name in library.PER_REQUEST | library.REDUCING:
                return Method(value, name)
            case Context():
                return self.context_attribute(name, node, frame)
            case Package():
                return self.module_attribute(value, name, node, frame)
            case Class():
                return self.attribute_of_class(value, name, node, frame)
            case Instance():
                return self.instance_attribute(value, name, node, frame)
            case Super(instance=instance, of=of):
                line = instance.of.lineage
                return self.bind_method(instance, name, line[line.index(of) + 1 :] if of in line else [])
            case None if isinstance(node, ast.Attribute):
                self.report_none(node.value, frame)
        return Reference(f".{name}")

    def module_attribute(self, package: Package, name: str, node: ast.expr, frame: Frame) -> Value:
        value = self.store.get(package.frame, name)
        if value is not ABSENT:
            return value
        inner = self.import_module(f"{package.name}.{name}")
        may_be = package.frame.module.may_have(name) or self.may_give(name)
        if inner is None and not may_be:
            self.report_missing(node, frame, package.name, name, package)
        return inner or UNKNOWN

    def attribute_of_class(self, of: Class, name: str, node: ast.expr, frame: Frame) -> Value:
        value = self.class_attribute(of.lineage, name)
        if value is not ABSENT:
            return self.bind_to(of, value)
        may_be = of.may_set(name) or self.may_give(name) or hasattr(type, name)
        if is_known(of.lineage) and not may_be:
            self.report_missing(node, frame, of.node.name, name, of)
        return UNKNOWN

    def context_attribute(self, name: str, node: ast.expr, frame: Frame) -> Value:
        value = self.store.get(Context, name)
        if value is not ABSENT or Context() in self.changed:
            return UNKNOWN if value is ABSENT else value
        self.report_missing(node, frame, "context", name)
        return UNKNOWN

    def instance_attribute(
        self, instance: Instance, name: str, node: ast.expr | ast.ClassDef, frame: Frame
    ) -> Value:
        value, line = self.store.get(instance, name), instance.of.lineage
        if value is not ABSENT:
            return UNKNOWN if has_setter(self.class_attribute(line, name)) else value
        if is_known(line) and instance not in self.changed and not instance.of.may_set(name):
            found = self.class_attribute(line, name)
            inherited = METHODS if Reference(BASE_HANDLER) in line else ()
            may_be = name in inherited or hasattr(object, name) or self.may_give(name)
            if found is ABSENT and not may_be:
                self.report_missing(node, frame, "self", name, instance.of)
        return self.bind_method(instance, name, line)

    def class_attribute(self, line: list[Value], name: str) -> Value:
        """What the first class of a lineage that has the name has; `ABSENT` if one cannot be looked into."""
        for each in line:
            value = self.store.get(each.frame, name) if isinstance(each, Class) else ABSENT
            if value is not ABSENT or not isinstance(each, Class):
                return value
        return ABSENT

    def bind_method(self, instance: Instance, name: str, line: list[Value]) -> Value:
        value = self.class_attribute(line, name)
        if value is ABSENT:
            outside = (each.name for each in line if isinstance(each, Reference))
            base = next((each for each in outside if each not in PLAIN_CLASSES), None)
            return Inherited(instance, base, name) if base else UNKNOWN
        return self.bind_to(instance, value)

    def bind_to(self, owner: Instance | Class, value: Value) -> Value:
        """What a class's value is as an attribute of an object, or of the class itself."""
        if not isinstance(value, Function):
            return value
        names = [] if isinstance(value.node, ast.Lambda) else map(last_name, value.node.decorator_list)
        match list(names):
            case ["staticmethod"]:
                return value
            case ["classmethod"]:
                return replace(value, bound_to=owner.of if isinstance(owner, Instance) else owner)
            case _ if isinstance(owner, Class):
                return value
            case ["property" | "cached_property"]:
                return self.run_function(replace(value, bound_to=owner), (), {})
        return replace(value, bound_to=owner)

    def is_changed(self, value: Value) -> bool:
        """Whether code may have added to a table what it did not have."""
        if not isinstance(value, Table):
            return False
        outer = value.name.partition("[")[0]
        return Context() in self.changed or not {value.name, outer}.isdisjoint(self.changed)

    def report_none(self, node: ast.expr, frame: Frame) -> None:
        """Something of an expression that is None is used, unless code that was not followed may set it."""
        owner = frame.instance.of if frame.instance else None
        match node:
            case ast.Attribute(attr=name) if owner and owner.may_set(name):
                return
            case ast.Name(id=name) if name in frame.module.declared_global:
                return
        self.report_missing(node, frame, ast.unparse(node), None, owner)


def defining_class(frame: Frame | None) -> Class | None:
    """The class in whose body the method that runs is defined."""
    while frame is not None and frame.of is None:
        frame = frame.outer
    return frame.of if frame else None


def has_setter(value: Value) -> bool:
    """Whether what a class has is a property, to which another value may have been given than it has."""
    decorators = (
        value.node.decorator_list
        if isinstance(value, Function) and not isinstance(value.node, ast.Lambda)
        else []
    )
    return any(last_name(each) == "setter" for each in decorators)


def is_known(line: list[Value]) -> bool:
    """Whether all attributes that a lineage's objects have can be told."""
    return all(
        each.name in PLAIN_CLASSES or each.name == BASE_HANDLER
        if isinstance(each, Reference)
        else isinstance(each, Class) and not each.is_open
        for each in line
    )
