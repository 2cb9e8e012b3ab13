"""The imports that run whenever a module is imported."""

from __future__ import annotations

import ast

import pytest

from hatch_mar.pysource.imports import imports, path_lines


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
    ("source", "lines"),
    [
        ("import sys\nsys.path.append('lib')", {2}),
        ("import sys\nif 'lib' not in sys.path:\n    sys.path += ['lib']", {3}),
        ("__path__ = []", {1}),
        ("site.addsitedir('x')", {1}),
        ("exec(code)", {1}),
        ("import sys\nsys.exit()", set()),
        ("path.append(1)", set()),
    ],
)
def test_path_lines(source: str, lines: set[int]):
    assert path_lines(ast.parse(source)) == lines
