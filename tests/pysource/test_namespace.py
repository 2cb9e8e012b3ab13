"""The names of a module, read from its syntax, are those that running it gives."""

from __future__ import annotations

import ast
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.pysource.namespace import Namespace, dotted_name


def names(source: str) -> Namespace:
    return Namespace(ast.parse(source).body)


class TestHas:
    @pytest.mark.parametrize(
        "source",
        [
            "x = 1",
            "x: int = 1",
            "x += 1",
            "a = b, (x, *c) = 1, (2, 3)",
            "*x, y = 1, 2",
            "import x",
            "import x.y",
            "import a as x",
            "from a import x",
            "from a import b as x",
            "def x(): ...",
            "async def x(): ...",
            "class x: ...",
            "for x in y: ...",
            "with y as x: ...",
            "for a in b:\n    x = 1",
            "while a:\n    x = 1",
            "if a:\n    x = 1",
            "if a: ...\nelif b: ...\nelse:\n    x = 1",
            "try:\n    a()\nexcept E:\n    x = 1",
            "try:\n    x = 1\nexcept E: ...",
            "try: ...\nfinally:\n    x = 1",
            "match a:\n    case 1:\n        x = 1",
            "if not TYPE_CHECKING:\n    x = 1",
        ],
    )
    def test_bound(self, source: str):
        assert names(source).has("x")

    @pytest.mark.parametrize(
        "source",
        [
            "",
            "x: int",
            "y.x = 1",
            "x = 1\ndel x",
            "def f():\n    x = 1",
            "if TYPE_CHECKING:\n    x = 1",
            "if False:\n    x = 1",
            "if not not 0:\n    x = 1",
            "if True: ...\nelse:\n    x = 1",
            "if __name__ == '__main__':\n    x = 1",
            "import a.x",
            "from a import x as y",
        ],
    )
    def test_unbound(self, source: str):
        assert not names(source).has("x")

    def test_perhaps(self):
        """A name that only one way through the statements binds may be unbound."""
        assert None in names("if a:\n    x = 1").get("x")
        assert None not in names("if a:\n    x = 1\nelse:\n    x = 2").get("x")

    def test_stars(self):
        """What a star import brings is not known."""
        assert names("from a import *").stars
        assert not names("from a import b").stars

    def test_long_chain(self):
        """A chain of `elif`, which is nested deeper than Python's own stack, is followed."""
        chain = ast.If(ast.Name("a"), [ast.Pass()], [])
        for number in range(5000):
            body = ast.parse(f"def f{number}(): ...").body
            chain = ast.If(ast.Name("a"), body, [chain])

        assert len(dict(Namespace([chain]).items())) == 5000


LINES = st.sampled_from(
    [
        *("x = 1", "y = x", "del x", "x = y = 2", "def x(): ...", "class y: ...", "x, y = 1, 2"),
        *("import sys as x", "from sys import path as y", "for x in (1,): ...", "x += 1"),
    ]
)


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Statements, some under a condition that is true or false when they run."""
    lines = []
    for line in draw(st.lists(LINES, max_size=8)):
        head = draw(st.sampled_from(["", "if yes:", "if no:", "if no: ...\nelse:", "try:"]))
        lines.append(f"{head}\n    {line}" if head else line)
        if head == "try:":
            lines[-1] += "\nexcept NameError:\n    y = 3"
    return "\n".join(lines)


@given(programs())
def test_as_running_it(source: str):
    """A name that is bound after a run may be bound, and one that must be bound is."""
    scope: dict[str, object] = {"yes": True, "no": False}
    try:
        exec(source, scope)
    except (NameError, TypeError):
        return
    found = names(source)
    for name in ("x", "y"):
        assert name not in scope or found.has(name)
        assert name in scope or None in found.get(name)


@pytest.mark.parametrize(
    ("source", "expected"), [("a", "a"), ("a.b.c", "a.b.c"), ("a().b", ""), ("a[0]", ""), ("1", "")]
)
def test_dotted(source: str, expected: str):
    assert dotted_name(ast.parse(source, mode="eval").body) == expected


def test_python():
    """`except*` is a `try` of its own kind where Python has it."""
    if sys.version_info >= (3, 11):
        assert names("try:\n    x = 1\nexcept* E: ...").has("x")
