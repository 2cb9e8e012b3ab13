"""A module is parsed within bounds, and has one answer to which classes it defines."""

from __future__ import annotations

from textwrap import dedent

import pytest

from hatch_mar.archive.archive import BytesSource, Member
from hatch_mar.pysource.module import LARGEST_MODULE, MOST_DOTS, Module, parse_module


def module(source: str | bytes) -> Module:
    data = source if isinstance(source, bytes) else dedent(source).encode()
    return parse_module(Member("m.py", BytesSource(data)), data)


class TestParse:
    @pytest.mark.parametrize("source", ["x =", "return 1", "nonlocal x", b"\xff", b"\0"])
    def test_fault(self, source: str | bytes):
        """What Python refuses, beyond its grammar too, is a fault, and not an exception."""
        assert module(source).tree is None
        assert module(source).fault

    def test_line(self):
        """A syntax error has its line."""
        assert module("\nx =").line == 2

    @pytest.mark.parametrize(
        "source",
        [
            b"#" * (LARGEST_MODULE + 1),
            b"import " + b".".join([b"a"] * (MOST_DOTS + 2)),
            b"import " + b".\\\n".join([b"a"] * (MOST_DOTS + 2)),
        ],
    )
    def test_bounds(self, source: bytes):
        """What would take unbounded memory is not parsed, and is not at fault."""
        assert (module(source).tree, module(source).fault) == (None, None)

    def test_alike(self, monkeypatch: pytest.MonkeyPatch):
        """Very many pieces of code of one name are parsed, and not compiled; as many others are compiled."""
        compiled: list[object] = []
        monkeypatch.setattr(
            "hatch_mar.pysource.module.compile", lambda *args, **_: compiled.append(args), raising=False
        )
        for unit in (b"def f():0\n", b"def \\\n f():0\n", b"lambda:0\n", b"class\tA:0\n"):
            module(unit * 5001)
            assert not compiled

        module(b"".join(b"def f%d():0\n" % number for number in range(5001)))
        assert len(compiled) == 1

    def test_warnings(self):
        """What Python only warns of is not shown; the tests turn warnings into errors."""
        assert module("x = '\\d'").fault is None


class TestNames:
    @pytest.mark.parametrize("source", ["x = 1", "import x", "def f(): global x", "(x := 1)", "exec('x')"])
    def test_may_have(self, source: str):
        """A module may have what it binds anywhere, or what cannot be told."""
        assert module(source).may_have("x")

    @pytest.mark.parametrize("source", ["", "def f(): x = 1", "class A: x = 1", "x = 1; del x"])
    def test_has_not(self, source: str):
        """Names of functions and classes are not the module's."""
        assert not module(source).may_have("x")
        assert module(source).may_have("__doc__")

    def test_unparsed(self):
        assert module("x =").may_have("x")


class TestClasses:
    @pytest.mark.parametrize(
        "more",
        [
            "",
            "if TYPE_CHECKING:\n    class Row: ...",
            "if typing.TYPE_CHECKING:\n    class Row: ...",
            "if __name__ == '__main__':\n    class Row: ...",
            "class Row: ...\ndel Row",
            "from rows import Row",
            "def f():\n    class Row: ...",
        ],
    )
    def test_one(self, more: str):
        """A class that is not there once the module is imported does not count."""
        found = module(f"class H: ...\n{more}\n")

        assert [each.name for each in found.classes] == ["H"]
        assert found.only_class == found.classes[0]

    def test_several(self):
        assert module("class A: ...\nclass B: ...").only_class is None

    def test_unparsed(self):
        """A module that does not parse has nothing."""
        assert module("x =").classes == []


class TestImported:
    def test_everywhere(self):
        """Imports in functions and under conditions count; relative ones have no full name."""
        source = """\
            import a.b as c
            from d import e
            from . import f
            from .g import h
            if x:
                import i
            def function():
                from j.k import l as m
            """
        assert sorted(module(source).imported) == ["a.b", "d", "d.e", "i", "j.k", "j.k.l"]
