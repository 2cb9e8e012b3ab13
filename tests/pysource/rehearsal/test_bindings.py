"""What assignments and imports bind names to."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.known_values import PRESENT, UNKNOWN, Reference
from tests.pysource.rehearsal import rehearse, seen, shown


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = b = 1\nseen((a, b))", (1, 1)),
        ("a: int = 1\nseen(a)", 1),
        ("a: int\nseen(a)", UNKNOWN),
        ("a, (b, *c) = 1, (2, 3)\nseen((a, b, c))", (1, 2, UNKNOWN)),
        ("a, b = os.environ\nseen(a)", UNKNOWN),
        ("a = 'b'\na += 'c'\nseen(a)", "bc"),
        ("a = 1\ndel a\nseen(a)", UNKNOWN),
        ("a = ['b']\na.append('c')\nseen(a)", PRESENT),
        ("a = {'b': 1}\na['b'] = 2\nseen(a)", PRESENT),
        ("a = {'b': {'c': 1}}\na['b']['c'] = 2\nseen(a)", PRESENT),
        ("a = {'b': 1}\ndef f(): a['b'] = 2\nf()\nseen(a)", PRESENT),
        ("a = ['b']\ndef f(): a.append('c')\nf()\nseen(a)", PRESENT),
        ("a = ['b']\ndef f(c): c.append('c')\nf(a)\nseen(a)", PRESENT),
        ("a = ['b']\nos.f(c=a)\nseen(a)", PRESENT),
        ("a = ['b']\nprint(a, len(a), '/'.join(a))\nseen(a)", ("b",)),
        ("self.a = ['b']\nos.f(self.a)\nseen(self.a)", PRESENT),
        ("self.a = 1\nos.f(self)\nseen(self.a)", UNKNOWN),
        ("self.a = 1\nos.f(self.handle)\nseen(self.a)", UNKNOWN),
        ("self.a = 1\nsetattr(self, 'a', 2)\nseen(self.a)", UNKNOWN),
        ("self.a = 1\nprint(self)\nseen(self.a)", 1),
        ("a = 1\ndef f():\n    nonlocal a\n    a = 2\nos.f(f)\nseen(a)", UNKNOWN),
        ("global a\na = 1\ndef f():\n    global a\n    a = 2\nos.f(f)\nseen(a)", UNKNOWN),
        ("self.a = 1\nseen(self.a)", 1),
        ("context.a = 1\nseen(context.a)", 1),
        ("import a.b as c\nseen(c)", Reference("a.b")),
        ("import a.b\nseen(a.b)", Reference("a.b")),
        ("from a import b as c\nseen(c)", Reference("a.b")),
        ("global a\na = 1\nseen(a)", 1),
        ("a = 1\ndef f():\n    nonlocal a\n    a = 2\nf()\nseen(a)", 2),
        ("def f(*, a=1, **b): return a, b\nseen(f(c=1))", (1, PRESENT)),
    ],
)
def test_values(body: str, expected: object):
    assert shown(body) == [expected]


def test_archive():
    """Imports from the archive's own modules bind what these have."""
    files = {
        "h.py": "from a.b import *\nfrom a import b, d as e\nimport a\nimport seen\n"
        "a.x = 3\nseen((c, b.c, e, a.x, a.b.c))\ndef handle(data, context): ...",
        "a/__init__.py": "from .b import c as d",
        "a/b.py": "from . import missing\nc = 2",
    }

    assert seen(rehearse(files)) == [(2, 2, 2, 3, 2)]
