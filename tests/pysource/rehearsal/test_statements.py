"""Which statements run, and what names are bound to after them."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.known_values import PRESENT, UNKNOWN
from tests.pysource.rehearsal import rehearse, seen, shown


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("seen(1)\nreturn\nseen(2)", [1]),
        ("seen(1)\nraise seen(2)\nseen(3)", [1, 2]),
        ("if True: seen(1)\nelse: seen(2)", [1]),
        ("if os.name: seen(1)\nseen(2)", [("?", 1), 2]),
        ("if os.name: a = 1\nelse: a = 1\nseen(a)", [1]),
        ("if os.name: a = 1\nelse: a = 2\nseen(a)", [PRESENT]),
        ("if os.name: a = 1\nseen(a)", [UNKNOWN]),
        ("a = 2\nif os.name: a = None\nseen(a)", [UNKNOWN]),
        ("a = 2\nif os.name:\n    a = None\n    raise ValueError\nseen(a)", [2]),
        ("a = 2\nif os.name:\n    a = 3\n    return\nseen(a)", [("?", PRESENT)]),
        ("def f():\n    if os.name:\n        self.a = 2\n        return\nf()\nseen(self.a)", [UNKNOWN]),
        ("if os.name: return\nseen(1)", [("?", 1)]),
        ("if os.name: raise ValueError\nseen(1)", [1]),
        ("if os.name: seen(1)\nelif os.linesep: seen(2)\nelse: seen(3)", [("?", 1), ("?", 2), ("?", 3)]),
        ("if os.name: return\nelse: raise ValueError\nseen(1)", []),
        ("if 0: seen(1)\nelif 1: seen(2)\nelse: seen(3)", [2]),
        ("if os.name: pass\nelif seen(1): pass", [("?", 1)]),
        ("while os.name: seen(1)\nseen(2)", [("?", 1), 2]),
        ("while os.name:\n    if os.linesep: break\n    seen(1)\nseen(2)", [("?", 1), 2]),
        ("while os.name:\n    if os.linesep: return\nseen(2)", [("?", 2)]),
        ("with open('a') as file: seen(1)", [1]),
        ("with suppress(OSError): seen(1)\nseen(2)", [("?", 1), 2]),
        ("with ignoring(OSError): seen(1)\nseen(2)", [("?", 1), 2]),
        ("match os.name:\n    case 'a': seen(1)\nseen(2)", [("?", 1), 2]),
        ("try: seen(1)\nexcept OSError: seen(2)\nseen(3)", [("?", 1), ("?", 2), 3]),
        ("try: seen(1)\nexcept OSError:\n    seen(2)\n    raise\nseen(3)", [1, ("?", 2), 3]),
        ("try: seen(1)\nexcept OSError:\n    if os.name: return\n    raise", [("?", 1)]),
        ("try: seen(1)\nexcept OSError: exit(1)\nfinally: seen(3)", [1, 3]),
        ("try: a = 1\nexcept OSError: a = None\nseen(a)", [UNKNOWN]),
        ("try: return\nfinally: seen(1)", [1]),
        ("try: seen(1)\nfinally: return", [("?", 1)]),
    ],
)
def test_flow(body: str, expected: list[object]):
    """What may not run, or may have been left before, is not certain."""
    assert shown(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for a in (1, 2): seen(a)", [1, 2]),
        ("for a in {1: 2}: seen(a)", [1]),
        ("for a in (): seen(a)", []),
        ("for a in os.environ: seen(a)", [("?", UNKNOWN)]),
        ("for a in range(30): seen(a)", [("?", UNKNOWN)]),
        ("for a in (1, 2):\n    if a == 1: continue\n    seen(a)", [2]),
        ("for a in (1, 2):\n    seen(a)\n    break", [1]),
        ("for a in (1, 2): return\nseen(a)", []),
        ("b = None\nfor a in os.environ:\n    if a:\n        b = 1\n        break\nseen(b)", [UNKNOWN]),
        ("b = None\nfor a in os.environ:\n    b = 1\n    continue\nseen(b)", [UNKNOWN]),
        ("for a in (1, 2):\n    if os.name: break\n    seen(a)\nseen(3)", [("?", 1), ("?", 2), 3]),
        ("for a in os.environ:\n    if a: return\nseen(3)", [("?", 3)]),
        ("for a in (1,): pass\nelse: seen(2)", [("?", 2)]),
        ("for a, b in ((1, 2), (3, 4)): seen(b)", [2, 4]),
    ],
)
def test_loops(body: str, expected: list[object]):
    """A loop over values that are known is followed round by round, any other once."""
    assert shown(body) == expected


def test_both_ways():
    """What each of two ways does is certain, and is told once."""
    assert shown("if os.name: seen(1); seen(2)\nelse: seen(3); seen(1)") == [1, ("?", 2), ("?", 3), ("?", 1)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, /, b=2, *c, d=4, **e): seen((a, b, c, d))\nf(1, 5, 6)", [(1, 5, (6,), 4)]),
        ("def f(a): return a\nseen(f(f(a=1)))", [1]),
        ("def f(): pass\nseen(f())", [None]),
        ("def f():\n    if os.name: return 1\n    return 2\nseen(f())", [PRESENT]),
        ("def f():\n    if os.name: return\n    seen(1)\nf()\nseen(2)", [("?", 1), 2]),
        ("def f(): return f()\nseen(f())", [UNKNOWN]),
        ("def f(): yield seen(1)\nf()", [("?", 1)]),
        ("@os.cache\ndef f(): return seen(1)\nseen(f())", [("?", 1), UNKNOWN]),
        ("@torch.no_grad()\ndef f(): return 1\nseen(f())", [1]),
        ("def f(): raise ValueError\nseen(f())", [UNKNOWN]),
        (
            "class A:\n    b = 1\n    def __init__(self, a): self.a = a\nseen((A(2).a, A(3).b, A.b))",
            [(2, 1, 1)],
        ),
        ("def f():\n    def g(): return 1\n    return g\nseen(f()())", [1]),
    ],
)
def test_functions(source: str, expected: list[object]):
    """Functions of the archive are followed where they are called."""
    assert shown(source) == expected


def test_modules():
    """Modules run once, when they are first imported, after the packages that they are in."""
    files = {
        "h.py": "import a.b, seen\nfrom a.b import c\nseen(c)\ndef handle(data, context): seen(a.b.c)",
        "a/__init__.py": "import seen\nseen('a')",
        "a/b.py": "import seen\nseen(__name__)\nseen(__file__)\nc = 1",
    }

    assert seen(rehearse(files)) == ["a", "a.b", "MODEL/a/b.py", 1, 1, 1]


def test_depth():
    """Where there is too much to follow, what was seen before stays."""
    nested = "".join(f"{' ' * n}if os.name:\n" for n in range(1, 60)) + " " * 60

    assert shown(f"seen(1)\ndef f():\n{nested}seen(2)\ndef g():\n{nested}f()\ng()\nseen(3)") == [1]
    assert shown("seen(1)\n" + "a = 1\n" * 60_000 + "seen(2)") == [1]


@pytest.mark.parametrize(
    ("body", "expected"),
    [("yield", [1]), ("try: yield\n    except OSError: ...", [("?", 1)])],
)
def test_own_context(body: str, expected: list[object]):
    """Exceptions may not leave a context of the archive's own that catches them."""
    source = f"import seen\n@contextmanager\ndef own():\n    {body}\nwith own(): seen(1)\nclass A: ..."

    assert seen(rehearse(source)) == expected
