"""Where a function fails if an argument is None is told only where it certainly does."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest

from hatch_mar.pysource.functions import FunctionNode
from hatch_mar.pysource.none_argument import Called, find_failure


def parse(body: str, head: str = "def f(data, context):") -> FunctionNode:
    [function] = ast.parse(f"{head}\n{indent(body, '    ')}").body
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    return function


def fails_at(
    body: str, head: str = "def f(data, context):", called: FunctionNode | None = None
) -> int | None:
    def resolve(caller: FunctionNode, expression: ast.expr) -> Called | None:
        return (called, 0) if called and ast.unparse(expression) == "g" else None

    failure = find_failure(parse(body, head), 0, resolve)
    return failure[1] if failure else None


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return [row for row in data]", 2),
        ("for row in data: ...", 2),
        ("load(context)\nreturn data[0]", 3),
        ("return data.get('x')", 2),
        ("return len(data)", 2),
        ("return list(map(str, data))", 2),
        ("return g(*data)", 2),
        ("first, *_ = data", 2),
        ("return 1 in data", 2),
        ("if not model:\n    load(context)\nreturn [len(data)]", 4),
        ("with torch.no_grad():\n    return model(data[0])", 3),
        ("for each in context: load(each)\nreturn data[0]", 3),
        ("try:\n    load(context)\nfinally:\n    pass\nreturn data[0]", 6),
        ("return data[0] if context else 1", None),
        ("return 1 if data[0] else 2", 2),
        ("if data is None: return None\nreturn data[0]", None),
        ("if not loaded:\n    load(context)\n    return None\nreturn data[0]", None),
        ("data = data or []\nreturn data[0]", None),
        ("return data and data[0]", None),
        ("return [data[0] for row in context]", None),
        ("return lambda: data[0]", None),
        ("def inner(): return data[0]\nreturn 1", None),
        ("try:\n    return data[0]\nexcept TypeError:\n    return None", None),
        ("with suppress(TypeError):\n    data[0]", None),
        ("check(data)\nreturn data[0]", None),
        ("raise ValueError\nreturn data[0]", None),
        ("assert data[0]", None),
        ("while data: ...", None),
        ("return 1", None),
    ],
)
def test_line(body: str, line: int | None):
    assert fails_at(body) == line


def test_asynchronous():
    """A coroutine that nobody awaits does not fail; a decorator may do anything."""
    assert fails_at("return data[0]", "async def f(data):") is None
    assert fails_at("return data[0]", "@x\ndef f(data):") is None
    assert fails_at("return data[0]", "def f():") is None


@pytest.mark.parametrize(("body", "line"), [("\n\nreturn data[0]", 4), ("return data", None)])
def test_called(body: str, line: int | None):
    """A function that gets the argument is followed."""
    assert fails_at("return g(data)", called=parse(body)) == line


def test_recursion():
    called = parse("return g(data)")

    assert fails_at("return g(data)", called=called) is None
