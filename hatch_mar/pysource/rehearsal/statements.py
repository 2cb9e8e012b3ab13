"""What statements do: which names they bind, and which of them run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal, cast

from hatch_mar.pysource.classes import last_name
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import Loop, Try, dotted_name
from hatch_mar.pysource.rehearsal.bindings import Bindings
from hatch_mar.pysource.rehearsal.evaluation import MOST_ROUNDS
from hatch_mar.pysource.rehearsal.events import Event
from hatch_mar.pysource.rehearsal.known_values import (
    ABSENT,
    BATCH,
    UNKNOWN,
    Class,
    Frame,
    Function,
    Inherited,
    Instance,
    Package,
    Value,
    blend,
    truth,
)
from hatch_mar.pysource.rehearsal.paths import MODEL_DIR
from hatch_mar.pysource.rehearsal.store import Store

DEEPEST = 20
"""Calls within one another that are followed."""

TRANSPARENT = (
    *("staticmethod", "classmethod", "property", "cached_property", "override"),
    *("no_grad", "inference_mode", "timed"),
)
"""Decorators of functions that run, and return, what they would without."""

End = Literal["raise", "return", "break", "continue"]
"""The statement with which a block ends before its last."""

Block = (*Loop, *Try, ast.If, ast.With, ast.AsyncWith, ast.Match)


class Statements(Bindings):
    """Runs the statements of modules, functions and classes.

    `run` returns how a list of statements ends before its last, or None if what follows is reached.
    """

    def __init__(self, find_module: Callable[[str], Module | None], steps: int) -> None:
        super().__init__(steps)
        self.find_module = find_module
        self.packages: dict[str, Package] = {}
        self.running: list[ast.AST] = []

    def import_module(self, name: str) -> Package | None:
        """Run an archive's module, after the packages that it is in."""
        if name in self.packages:
            return self.packages[name]
        outer, _, last = name.rpartition(".")
        parent = self.import_module(outer) if outer else None
        module = self.find_module(name) if parent or not outer else None
        if module is None or module.tree is None:
            return None
        frame = Frame(module, name)
        package = self.packages[name] = Package(name, frame)
        self.store.bind(frame, "__name__", name)
        self.store.bind(frame, "__file__", f"{MODEL_DIR}/{module.member.name}")
        if parent:
            self.store.bind(parent.frame, last, package)
        self.run(module.tree.body, frame)
        return package

    def may_give(self, name: str) -> bool:
        return any(name in each.frame.module.given_attributes for each in self.packages.values())

    def run(self, body: Iterable[ast.stmt], frame: Frame) -> End | None:
        for node in body:
            if end := self.run_statement(node, frame):
                return end
        return None

    def run_statement(self, node: ast.stmt, frame: Frame) -> End | None:
        self.take_step()
        if isinstance(node, Block):
            return self.run_block(node, frame)
        match node:
            case ast.Return():
                frame.returned.append(self.evaluate(node.value, frame) if node.value else None)
                return "return"
            case ast.Raise():
                self.evaluate(node.exc, frame)
                return "raise"
            case ast.Continue():
                return "continue"
            case ast.Break():
                return "break"
            case ast.Expr():
                self.evaluate(node.value, frame)
                self.forget_changed(node.value, frame)
            case ast.Import() | ast.ImportFrom():
                self.run_import(node, frame)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.bind(node.name, Function(node, frame), frame)
            case ast.ClassDef():
                self.bind(node.name, self.run_class(node, frame), frame)
            case ast.Global():
                frame.declared.update(dict.fromkeys(node.names, frame.globals))
            case ast.Nonlocal():
                frame.declared.update({name: self.outer_owner(name, frame) for name in node.names})
            case _:
                self.run_assignment(node, frame)
        return None

    def outer_owner(self, name: str, frame: Frame) -> Frame:
        """The function around another one that has the name."""
        scope = frame.outer
        while scope is not None and (scope.of or self.store.get(scope, name) is ABSENT):
            scope = scope.outer
        return scope or frame

    def run_block(self, node: ast.stmt, frame: Frame) -> End | None:
        match node:
            case ast.If():
                return self.run_if(node, frame)
            case ast.For() | ast.AsyncFor():
                return self.run_for(node, frame)
            case ast.While():
                return self.run_while(node, frame)
            case ast.With() | ast.AsyncWith():
                return self.run_with(node, frame)
            case ast.Match():
                self.evaluate(node.subject, frame)
                return self.run_any([[], *(case.body for case in node.cases)], frame)
        return self.run_try(cast("ast.Try", node), frame)

    def run_any(self, bodies: list[list[ast.stmt]], frame: Frame) -> End | None:
        """Run one of several blocks, of which it is not known which."""
        if len(bodies) == 1:
            return self.run(bodies[0], frame)
        ways: list[Store] = []
        recorded: list[list[Event]] = []
        ends: list[End | None] = []
        for body in bodies:
            first = len(self.events)
            store, end = self.fork(partial(self.run, body, frame))
            recorded.append(self.events[first:])
            ends.append(end)
            ways += [] if end == "raise" else [store]
        agree(recorded, self.doubts + 1)
        leaving = {end for end in ends if end not in (None, "raise")}
        if ways:
            # what a way binds that leaves is so after the loop or the call
            self.join(ways)
        if None in ends:
            # what follows is not reached on every way; the function or the loop ends this doubt
            self.doubts += bool(leaving)
            return None
        self.doubts += len(leaving) > 1
        return min(leaving, default="raise")

    def run_if(self, node: ast.If, frame: Frame) -> End | None:
        # a chain of `elif` is nested, and may be deeper than Python's own stack
        bodies: list[list[ast.stmt]] = []
        before = self.doubts
        while True:
            known = truth(self.evaluate(node.test, frame))
            if known is not False:
                bodies.append(node.body)
            if known is True:
                break
            self.doubts += known is None
            match node.orelse:
                case [ast.If() as following]:
                    node = following
                case orelse:
                    bodies.append(orelse)
                    break
        self.doubts = before
        return self.run_any(bodies, frame)

    def run_for(self, node: ast.For | ast.AsyncFor, frame: Frame) -> End | None:
        values = self.evaluate(node.iter, frame)
        if values is None:
            self.report_none(node.iter, frame)
        values = tuple(values) if isinstance(values, Mapping) else values
        before, returned = self.doubts, len(frame.returned)
        if isinstance(values, tuple) and len(values) <= MOST_ROUNDS:
            rounds, bodies = values, [node.body]
        else:
            rounds, bodies = (UNKNOWN,), [node.body] if values is BATCH else [[], node.body]
        for value in rounds:
            self.assign(node.target, value, frame)
            end = self.run_any(bodies, frame)
            if end == "break":
                break
            if end in ("raise", "return"):
                return end
        # what made the rest of a round uncertain ends with it, but for a `return`
        self.doubts = before + (len(frame.returned) > returned)
        return self.run_any([[], node.orelse], frame) if node.orelse else None

    def run_while(self, node: ast.While, frame: Frame) -> End | None:
        self.evaluate(node.test, frame)
        before, returned = self.doubts, len(frame.returned)
        self.run_any([[], [*node.body, *node.orelse]], frame)
        self.doubts = before + (len(frame.returned) > returned)
        return None

    def run_with(self, node: ast.With | ast.AsyncWith, frame: Frame) -> End | None:
        for item in node.items:
            value = self.evaluate(item.context_expr, frame)
            if item.optional_vars:
                self.assign(item.optional_vars, value, frame)
        may_suppress = any(self.may_suppress(item.context_expr, frame) for item in node.items)
        return self.run_any([[], node.body] if may_suppress else [node.body], frame)

    def may_suppress(self, context: ast.expr, frame: Frame) -> bool:
        """Whether exceptions may not leave a context, such as `suppress(OSError)` or the archive's own."""
        if not isinstance(context, ast.Call):
            return False
        names = [last_name(each) or "" for each in (context, *context.args)]
        if any(name == "suppress" or name.endswith(("Error", "Exception")) for name in names):
            return True
        function = self.look_up(context.func.id, frame) if isinstance(context.func, ast.Name) else UNKNOWN
        return isinstance(function, Function) and any(
            isinstance(each, ast.Try) for each in ast.walk(function.node)
        )

    def run_try(self, node: ast.Try, frame: Frame) -> End | None:
        body = [*node.body, *node.orelse]
        caught = [handler.body for handler in node.handlers if not always_raises(handler.body)]
        end = self.run_any([body, *caught, *([[]] if leaves(node.finalbody) else [])], frame)
        for handler in node.handlers:
            if always_raises(handler.body):
                self.fork(partial(self.run, handler.body, frame))
        return self.run(node.finalbody, frame) or end

    def run_class(self, node: ast.ClassDef, frame: Frame) -> Class:
        inner = Frame(frame.module, frame.module_name, frame)
        inner.of = Class(node, inner, tuple(self.evaluate(base, frame) for base in node.bases))
        self.run(node.body, inner)
        return inner.of

    def make_object(self, of: Class, args: tuple[Value, ...], keywords: Mapping[str, Value]) -> Instance:
        instance = Instance(of)
        match self.bind_method(instance, "__init__", of.lineage):
            case Function() as constructor:
                self.run_function(constructor, args, keywords)
            case Inherited() as constructor:
                self.call_inherited(constructor, args, keywords)
        return instance

    def run_function(
        self, function: Function, args: tuple[Value, ...], keywords: Mapping[str, Value]
    ) -> Value:
        node = function.node
        if node in self.running or len(self.running) >= DEEPEST:
            return UNKNOWN
        outer, bound = function.frame, function.bound_to
        instance = bound if isinstance(bound, Instance) else None
        inner = Frame(outer.module, outer.module_name, outer, instance=instance)
        self.bind_parameters(node.args, (bound, *args) if bound else args, keywords, inner)
        before = self.doubts
        self.running.append(node)
        try:
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body, inner)
            is_plain = runs_at_once(node)
            self.doubts += not is_plain
            end = self.run(node.body, inner)
        finally:
            self.running.pop()
            self.doubts = before
        if end is None:
            inner.returned.append(None)
        return blend(inner.returned) if is_plain and inner.returned else UNKNOWN


def agree(recorded: list[list[Event]], doubts: int) -> None:
    """Take for certain what each of several ways does."""
    keys = [{event.identity for event in events if event.doubts == doubts} for events in recorded]
    for event in recorded[0]:
        if event.doubts == doubts and all(event.identity in each for each in keys):
            event.doubts -= 1


def leaves(body: list[ast.stmt]) -> bool:
    """Whether statements may leave a function or a loop, by which an exception is forgotten."""
    nodes = (inner for each in body for inner in ast.walk(each))
    return any(isinstance(node, (ast.Return, ast.Break, ast.Continue)) for node in nodes)


def always_raises(body: list[ast.stmt]) -> bool:
    """Whether what handles an exception raises it, or another, or ends the worker."""
    if leaves(body):
        return False
    match body[-1]:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call(func=function)):
            return dotted_name(function) in ("sys.exit", "exit", "os._exit")
    return False


def runs_at_once(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a call of a function runs its body and returns what that returns."""
    if any(last_name(decorator) not in TRANSPARENT for decorator in node.decorator_list):
        return False
    return not any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in ast.walk(node))
