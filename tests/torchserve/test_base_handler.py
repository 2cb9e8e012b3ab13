"""What is known of BaseHandler and of the context, against the TorchServe that is installed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hatch_mar.torchserve.base_handler import ATTRIBUTES, CALLS, METHODS, NEEDS
from hatch_mar.torchserve.context import CONTEXT_ATTRIBUTES, SYSTEM_PROPERTIES

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def class_of(module: str, name: str) -> ast.ClassDef:
    spec = find_spec("ts")
    if spec is None or spec.origin is None:
        pytest.skip("TorchServe is not installed")
    tree = ast.parse((Path(spec.origin).parent / module).read_text(encoding="utf-8"))
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return found


def methods_of(found: ast.ClassDef) -> dict[str, ast.AST]:
    return {node.name: node for node in found.body if isinstance(node, FUNCTIONS)}


def attributes(tree: ast.AST, of: str, *kinds: type[ast.expr_context]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=name, ctx=ctx) if ast.unparse(value) == of and isinstance(
                ctx, kinds
            ):
                yield name


@pytest.fixture(scope="module")
def base() -> dict[str, ast.AST]:
    return methods_of(class_of("torch_handler/base_handler.py", "BaseHandler"))


def test_methods(base: dict[str, ast.AST]):
    assert {*METHODS, "__init__"} == set(base)


def test_attributes(base: dict[str, ast.AST]):
    """What its constructor sets, and to what."""
    pairs = {
        node.targets[0].attr: node.value
        for node in ast.walk(base["__init__"])
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    }

    assert {name: ast.literal_eval(value) for name, value in pairs.items()} == {
        **ATTRIBUTES,
        "profiler_args": {},
    }


def test_needs(base: dict[str, ast.AST]):
    """What its methods read, beside what their decorator reads."""
    for name, needed in NEEDS.items():
        assert {*attributes(base[name], "self", ast.Load), "context"} == {*needed}
    called = {name for name, method in base.items() if "self.model(" in ast.unparse(method)}
    assert called == set(CALLS)


def test_context():
    """What the context has, and what the service adds to it."""
    context = class_of("context.py", "Context")
    made = {*attributes(context, "self", ast.Store), *methods_of(context), "cl_socket"}

    assert {name for name in made if not name.startswith("__")} == {
        name for name in CONTEXT_ATTRIBUTES if not name.startswith("__")
    }
    assert "cl_socket" in attributes(class_of("service.py", "Service"), "self.context", ast.Store)


def test_properties():
    [table] = [
        node.value
        for node in ast.walk(class_of("context.py", "Context"))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self._system_properties"
    ]
    assert isinstance(table, ast.Dict)

    assert [key.value for key in table.keys if isinstance(key, ast.Constant)] == [*SYSTEM_PROPERTIES]
