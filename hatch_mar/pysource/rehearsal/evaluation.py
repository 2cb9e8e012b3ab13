"""The values of expressions."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hatch_mar.pysource.rehearsal import library
from hatch_mar.pysource.rehearsal.calls import Calls, Site
from hatch_mar.pysource.rehearsal.events import REST
from hatch_mar.pysource.rehearsal.known_values import (
    BATCH,
    PRESENT,
    UNKNOWN,
    Frame,
    Function,
    Method,
    Reference,
    Table,
    Value,
    blend,
    contain,
    is_constant,
    is_container,
    is_none,
    truth,
)

LARGEST = 1 << 32
"""The numbers below are multiplied."""

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}

OPERATIONS: Mapping[type[ast.operator], Callable[..., Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Div: lambda left, right: library.join(left, right) if isinstance(left, str) else left / right,
    ast.Mult: lambda left, right: left * right if are_small(left, right) else UNKNOWN,
    ast.FloorDiv: lambda left, right: left // right if are_small(left, right) else UNKNOWN,
    ast.Mod: lambda left, right: left % right if is_plain_format(left) else UNKNOWN,
}


def are_small(*numbers: object) -> bool:
    """Whether values are numbers of which no operation makes a very long one."""
    return all(isinstance(each, (int, float)) and abs(each) < LARGEST for each in numbers)


def is_plain_format(left: object) -> bool:
    """Whether `%` makes of text no more than the texts in it have; a width could be of any size."""
    return isinstance(left, int) or (isinstance(left, str) and not re.search("%[^sd%]", left))


MOST_ROUNDS = 20
"""Rounds of a loop that are followed one by one."""


class Expressions(Calls):
    """Evaluates expressions."""

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        raise NotImplementedError

    def evaluate(self, node: ast.expr | None, frame: Frame) -> Value:
        self.take_step()
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self.look_up(node.id, frame)
            case ast.Attribute():
                return self.attribute(self.evaluate(node.value, frame), node.attr, node, frame)
            case ast.Subscript():
                return self.item(node, frame)
            case ast.Call():
                return self.call(node, frame)
            case ast.Tuple() | ast.List() | ast.Set():
                return self.sequence(node.elts, frame)
            case ast.Dict():
                return self.mapping(node, frame)
            case ast.JoinedStr():
                return self.formatted(node, frame)
            case ast.NamedExpr():
                return self.bind(node.target.id, self.evaluate(node.value, frame), frame)
            case ast.Await():
                return self.evaluate(node.value, frame)
            case ast.Lambda():
                return Function(node, frame)
        return self.evaluate_operation(node, frame)

    def evaluate_operation(self, node: ast.expr | None, frame: Frame) -> Value:
        match node:
            case ast.BinOp():
                left = self.evaluate(node.left, frame)
                return self.operate(node.op, left, self.evaluate(node.right, frame))
            case ast.BoolOp():
                return self.either(node, frame)
            case ast.UnaryOp(op=ast.USub()):
                return library.compute(operator.neg, self.evaluate(node.operand, frame))
            case ast.UnaryOp(op=ast.Not()):
                known = truth(self.evaluate(node.operand, frame))
                return UNKNOWN if known is None else not known
            case ast.Compare():
                return self.compare(node, frame)
            case ast.IfExp():
                return self.choice(node, frame)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node, frame)
        for child in ast.iter_child_nodes(node) if node else ():
            self.evaluate(child, frame) if isinstance(child, ast.expr) else None
        return UNKNOWN

    def item(self, node: ast.Subscript, frame: Frame) -> Value:
        value, key = self.evaluate(node.value, frame), self.evaluate(node.slice, frame)
        match value:
            case None:
                self.report_none(node.value, frame)
            case Table() if isinstance(key, str):
                if key in value.data:
                    return value.data[key]
                if not self.is_changed(value):
                    self.report_missing(node, frame, value.name, key, value)
            case Reference(name=library.ARGUMENTS) if key != 0:
                self.report_arguments(node, frame, library.ARGUMENTS)
            case Mapping() if is_constant(key):
                found = value.get(key, UNKNOWN)
                return UNKNOWN if found is None else found
            case tuple() | str() if isinstance(key, int) and -len(value) <= key < len(value):
                return UNKNOWN if value[key] is None else value[key]
        return UNKNOWN

    def sequence(self, elements: Iterable[ast.expr], frame: Frame) -> Value:
        values = self.values(elements, frame)
        return PRESENT if values is None else contain(values, values)

    def values(self, elements: Iterable[ast.expr], frame: Frame) -> tuple[Value, ...] | None:
        """Those of several expressions; None if it is not known how many they are."""
        values: list[Value] = []
        is_known = True
        for element in elements:
            value = self.evaluate(element.value if isinstance(element, ast.Starred) else element, frame)
            if not isinstance(element, ast.Starred):
                values.append(value)
            elif isinstance(value, tuple):
                values += value
            elif value is None:
                self.report_none(element.value, frame)
            else:
                is_known = False
        return tuple(values) if is_known else None

    def mapping(self, node: ast.Dict, frame: Frame) -> Value:
        keys = [self.evaluate(key, frame) if key else UNKNOWN for key in node.keys]
        values = [self.evaluate(value, frame) for value in node.values]
        if not all(map(is_constant, keys)):
            return PRESENT
        return contain(dict(zip(keys, values)), values)

    def formatted(self, node: ast.JoinedStr, frame: Frame) -> Value:
        parts: list[Value] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                value = self.evaluate(part.value, frame)
                parts.append(UNKNOWN if part.format_spec or part.conversion != -1 else value)
            else:
                parts.append(self.evaluate(part, frame))
        return library.compute(lambda *known: "".join(map(str, known)), *parts)

    @staticmethod
    def operate(operation: ast.operator, left: Value, right: Value) -> Value:
        return library.compute(OPERATIONS.get(type(operation), lambda *_: UNKNOWN), left, right)

    def either(self, node: ast.BoolOp, frame: Frame) -> Value:
        """The value of an `and` or an `or`, whose last parts may not be looked at."""
        ends_with = isinstance(node.op, ast.Or)
        value: Value = UNKNOWN
        found: list[Value] = []
        before = self.doubts
        try:
            for part in node.values:
                value = self.evaluate(part, frame)
                known = truth(value)
                if known is ends_with:
                    break
                if known is None:
                    found.append(value)
                    self.doubts += 1
        finally:
            self.doubts = before
        return blend([*found, value]) if found else value

    def compare(self, node: ast.Compare, frame: Frame) -> Value:
        left, *rest = [self.evaluate(each, frame) for each in (node.left, *node.comparators)]
        if len(rest) != 1:
            return UNKNOWN
        (right,), (kind,) = rest, node.ops
        if right is None and isinstance(kind, (ast.In, ast.NotIn)):
            self.report_none(node.comparators[0], frame)
        if isinstance(kind, (ast.Is, ast.IsNot)) and right is None:
            known = is_none(left)
            return UNKNOWN if known is None else known == isinstance(kind, ast.Is)
        if isinstance(right, (Table, Mapping)) and isinstance(left, str):
            data = right.data if isinstance(right, Table) else right
            if left not in data and self.is_changed(right):
                return UNKNOWN
            return {ast.In: left in data, ast.NotIn: left not in data}.get(type(kind), UNKNOWN)
        return library.compute(COMPARISONS.get(type(kind), lambda *_: UNKNOWN), left, right)

    def choice(self, node: ast.IfExp, frame: Frame) -> Value:
        known = truth(self.evaluate(node.test, frame))
        if known is not None:
            return self.evaluate(node.body if known else node.orelse, frame)
        with self.doubt():
            return blend([self.evaluate(node.body, frame), self.evaluate(node.orelse, frame)])

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, frame: Frame
    ) -> Value:
        inner = Frame(frame.module, frame.module_name, frame, instance=frame.instance)
        first, *others = node.generators
        values = self.evaluate(first.iter, frame)
        if values is None:
            self.report_none(first.iter, frame)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        is_plain = not others and not first.ifs and not isinstance(node, ast.GeneratorExp)
        if is_plain and isinstance(values, (tuple, Mapping)) and len(values) <= MOST_ROUNDS:
            return self.collect(parts, first.target, values, inner)
        is_certain = values is BATCH and not others and not first.ifs
        with self.doubt(not is_certain):
            for generator in node.generators:
                for target in ast.walk(generator.target):
                    if isinstance(target, ast.Name):
                        self.store.bind(inner, target.id, UNKNOWN)
            for part in (*(test for each in node.generators for test in each.ifs), *parts):
                self.evaluate(part, inner)
        return BATCH if is_certain else PRESENT

    def collect(
        self, parts: list[ast.expr], target: ast.expr, values: Iterable[Value], inner: Frame
    ) -> Value:
        """What a list or a dictionary has after one round for each of the values."""
        rounds: list[tuple[Value, ...]] = []
        for value in values:
            self.assign(target, value, inner)
            rounds.append(tuple(self.evaluate(part, inner) for part in parts))
        last = [each[-1] for each in rounds]
        if len(parts) == 1:
            return contain(tuple(last), last)
        keys = [each[0] for each in rounds]
        return contain(dict(zip(keys, last)), last) if all(map(is_constant, keys)) else PRESENT

    def call(self, node: ast.Call, frame: Frame) -> Value:
        function = self.evaluate(node.func, frame)
        args = self.values(node.args, frame)
        given = {each.arg: self.evaluate(each.value, frame) for each in node.keywords}
        keywords = {name or REST: value for name, value in given.items()}
        if args is not None and REST not in keywords:
            value = self.apply(function, Site(node, frame, args, keywords))
        else:
            keywords |= {REST: UNKNOWN} if None in given else {}
            args = args or (UNKNOWN,) * len(node.args)
            value = self.apply_partly(function, Site(node, frame, args, keywords))
        if may_change(function):
            given_by = (*node.args, *(each.value for each in node.keywords))
            for each, before in zip(given_by, (*args, *keywords.values())):
                if is_container(before):
                    self.forget(each, frame)
        return value

    def forget(self, node: ast.expr, frame: Frame) -> None:
        """What a list or a dictionary has may not be what is known of it."""
        raise NotImplementedError


def may_change(function: Value) -> bool:
    """Whether a function may put something into a list or a dictionary that it is given."""
    if isinstance(function, Reference):
        return function.name not in library.FUNCTIONS and not library.is_harmless(function.name)
    return not isinstance(function, Method)
