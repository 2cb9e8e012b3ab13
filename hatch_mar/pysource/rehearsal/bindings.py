"""What assignments, imports and calls bind names to."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import cast

from hatch_mar.pysource.rehearsal.evaluation import Expressions
from hatch_mar.pysource.rehearsal.events import LateImport
from hatch_mar.pysource.rehearsal.known_values import (
    ABSENT,
    PRESENT,
    UNKNOWN,
    Class,
    Context,
    Frame,
    Instance,
    Package,
    Reference,
    Table,
    Value,
    is_container,
)
from hatch_mar.pysource.rehearsal.library import ARGUMENTS


class Bindings(Expressions):
    """Binds names and attributes."""

    def run_assignment(self, node: ast.stmt, frame: Frame) -> None:
        match node:
            case ast.Assign():
                value = self.evaluate(node.value, frame)
                for target in node.targets:
                    self.assign(target, value, frame)
            case ast.AnnAssign():
                if node.value:
                    self.assign(node.target, self.evaluate(node.value, frame), frame)
            case ast.AugAssign():
                before = self.evaluate(node.target, frame)
                self.assign(
                    node.target, self.operate(node.op, before, self.evaluate(node.value, frame)), frame
                )
            case ast.Delete():
                for target in node.targets:
                    self.assign(target, UNKNOWN, frame)

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        match target:
            case ast.Name(id=name):
                self.bind(name, value, frame)
            case ast.Attribute():
                self.assign_attribute(target, value, frame)
            case ast.Subscript():
                self.assign_item(target, frame)
            case ast.Tuple() | ast.List():
                if value == Reference(ARGUMENTS):
                    self.report_arguments(target, frame, ARGUMENTS)
                fits = isinstance(value, tuple) and len(value) == len(target.elts)
                parts = cast("tuple[Value, ...]", value) if fits else (UNKNOWN,) * len(target.elts)
                for inner, part in zip(target.elts, parts):
                    self.assign(inner, part, frame)
            case ast.Starred():
                self.assign(target.value, UNKNOWN, frame)

    def assign_attribute(self, target: ast.Attribute, value: Value, frame: Frame) -> None:
        match self.evaluate(target.value, frame):
            case Instance() as owner:
                self.store.bind(owner, target.attr, value)
            case Package(frame=inner) | Class(frame=inner):
                self.store.bind(inner, target.attr, value)
            case Context():
                self.store.bind(Context, target.attr, value)
            case Reference(name=name):
                self.changed.add(f"{name}.{target.attr}")

    def assign_item(self, target: ast.Subscript, frame: Frame) -> None:
        match self.evaluate(target.value, frame):
            case Table(name=name) | Reference(name=name):
                self.changed.add(name)
            case tuple() | Mapping():
                self.forget(target.value, frame)

    def forget(self, node: ast.expr, frame: Frame) -> None:
        match node:
            case ast.Name(id=name):
                self.store.bind(self.find_scope(name, frame) or frame, name, PRESENT)
            case ast.Attribute():
                self.assign(node, PRESENT, frame)
            case ast.Subscript():
                self.forget(node.value, frame)

    def forget_changed(self, node: ast.expr, frame: Frame) -> None:
        """A list or a dictionary is no longer known after a call like `append`."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as receiver)):
                value = self.evaluate(receiver, frame)
                if is_container(value):
                    self.forget(receiver, frame)
                elif isinstance(value, Reference):
                    self.changed.add(value.name)

    def run_import(self, node: ast.Import | ast.ImportFrom, frame: Frame) -> None:
        if frame is not frame.globals and frame.of is None:
            where = frame.module, node.lineno, self.phase, self.doubts
            self.events.append(LateImport(*where, node, frame.module_name))
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                self.import_name(absolute_name(node, frame), alias, frame)
                continue
            top = alias.name.partition(".")[0]
            whole = self.import_module(alias.name) or Reference(alias.name)
            first = self.import_module(top) or Reference(top)
            self.bind(alias.asname or top, whole if alias.asname else first, frame)

    def import_name(self, module: str, alias: ast.alias, frame: Frame) -> None:
        found = self.import_module(module)
        name = alias.asname or alias.name
        if alias.name == "*":
            for inner, value in (self.store.all_of(found.frame) if found else {}).items():
                self.take_step()
                self.bind(inner, value, frame)
        elif found is None:
            self.bind(name, Reference(f"{module}.{alias.name}"), frame)
        else:
            value = self.store.get(found.frame, alias.name)
            if value is ABSENT:
                value = self.import_module(f"{module}.{alias.name}") or UNKNOWN
            self.bind(name, value, frame)

    def bind_parameters(
        self, parameters: ast.arguments, args: tuple[Value, ...], keywords: Mapping[str, Value], inner: Frame
    ) -> None:
        positional = [*parameters.posonlyargs, *parameters.args]
        defaults = dict(zip(reversed(positional), reversed(parameters.defaults)))
        defaults |= {
            each: default for each, default in zip(parameters.kwonlyargs, parameters.kw_defaults) if default
        }
        given = dict(zip((each.arg for each in positional), args)) | dict(keywords)
        for each in (*positional, *parameters.kwonlyargs):
            if each.arg in given:
                value = given[each.arg]
            else:
                value = self.evaluate(defaults[each], inner.outer or inner) if each in defaults else UNKNOWN
            self.store.bind(inner, each.arg, value)
        if parameters.vararg:
            self.store.bind(inner, parameters.vararg.arg, args[len(positional) :])
        if parameters.kwarg:
            self.store.bind(inner, parameters.kwarg.arg, PRESENT)


def absolute_name(node: ast.ImportFrom, frame: Frame) -> str:
    """The full name of the module that names are imported from."""
    if not node.level:
        return node.module or ""
    parts = frame.module_name.split(".")
    is_package = frame.module.member.name.endswith("/__init__.py")
    base = parts[: len(parts) + is_package - node.level]
    return ".".join([*base, node.module] if node.module else base)
