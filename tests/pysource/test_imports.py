"""The imports that run whenever a module is imported."""

from __future__ import annotations

import ast

import pytest

from hatch_mar.pysource.imports import imports, may_change_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a, b.c as d", ["a", "b.c"]),
        ("from a.b import c, d", ["a.b"]),
        ("from .. import a", [".."]),
        ("from .a import b", [".a"]),
        ("try:\n    import a\nfinally:\n    import b", ["a", "b"]),
        ("try:\n    import a\nexcept KeyError: ...", ["a"]),
        ("try:\n    import a\nexcept ImportError: ...\nfinally:\n    import b", ["b"]),
        ("try:\n    import a\nexcept (OSError, ModuleNotFoundError): ...", []),
        ("try:\n    import a\nexcept: ...", []),
        ("with a:\n    import b", ["b"]),
        ("with suppress(ImportError):\n    import b", []),
        ("if a:\n    import b", []),
        ("def f():\n    import b", []),
    ],
)
def test_imports(source: str, expected: list[str]):
    """Those whose failure ends the import of the module, and no others."""
    assert [str(each) for each in imports(ast.parse(source))] == expected


def test_names():
    """What is imported from a module, and where."""
    [found] = imports(ast.parse("\nfrom .a import b, c"))

    assert (found.names, found.level, found.line) == (("b", "c"), 1, 2)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import sys\nsys.path.append('lib')", True),
        ("__path__ = []", True),
        ("site.addsitedir('x')", True),
        ("exec(code)", True),
        ("import sys\nsys.exit()", False),
        ("path.append(1)", False),
    ],
)
def test_changes_path(source: str, expected: bool):
    assert may_change_path(ast.parse(source)) is expected
