"""The classes of a module, and what their constructors require."""

from __future__ import annotations

import ast

import pytest

from hatch_mar.pysource import classes
from hatch_mar.pysource.classes import ClassBinding, accepts, class_attribute, class_bindings, list_classes
from hatch_mar.pysource.namespace import Namespace


def bindings(source: str) -> list[ClassBinding]:
    return class_bindings(Namespace(ast.parse(source).body))


class TestBindings:
    def test_many_names(self, monkeypatch: pytest.MonkeyPatch):
        """A function that has many names is looked through once."""
        looked: list[ast.AST | None] = []
        monkeypatch.setattr(classes, "makes_classes", lambda value: bool(looked.append(value)))
        names = Namespace(
            ast.parse("def f(): ...\n" + "".join(f"f{number} = f\n" for number in range(9))).body
        )

        assert class_bindings(names) == []
        assert len(looked) == 1

    def test_order(self):
        """Classes come in the order of the source, a second name after the first."""
        found = bindings("class B: ...\nclass A: ...\nAgain = B\n")

        assert [each.name for each in found] == ["B", "Again", "A"]
        assert list_classes(found) == "`B`, `Again` (the same as `B`), `A`"

    @pytest.mark.parametrize(
        ("source", "certain", "count"),
        [
            ("class A: ...", True, 1),
            ("@anything\nclass A: ...", False, 1),
            ("@dataclass\nclass A: ...", True, 1),
            ("if a:\n    class A: ...\nelse:\n    class A: ...", True, 2),
            ("if a:\n    class A: ...", False, 0),
            ("try:\n    from a import A\nexcept ImportError:\n    class A: ...", False, 0),
            ("A = namedtuple('A', 'b')", True, 0),
        ],
    )
    def test_definitions(self, source: str, certain: bool, count: int):
        """All definitions of a class are known, or none is."""
        [found] = bindings(source)

        assert (found.is_certain, len(found.definitions)) == (certain, count)
        assert (found.definition is not None) == (count == 1)

    @pytest.mark.parametrize("source", ["from a import A", "A = 1", "A = a()", "A = type(1)", "def A(): ..."])
    def test_others(self, source: str):
        """What is not defined in the module does not count."""
        assert bindings(source) == []


@pytest.mark.parametrize(
    ("body", "bases", "expected"),
    [
        ("def x(self): ...", "", "def"),
        ("...", "", "nothing"),
        ("...", "object", "nothing"),
        ("...", "Base", "unknown"),
        ("def __getattr__(self, name): ...", "", "unknown"),
        ("def f(self): self.x = 1", "", "unknown"),
        ("...", "metaclass=Meta", "unknown"),
    ],
)
def test_attribute(body: str, bases: str, expected: str):
    """What a class has under a name, has not, or may have."""
    tree = ast.parse(f"class A({bases}):\n    {body}")
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    values = class_attribute(found, "x", Namespace(tree.body))

    assert (values is None) == (expected == "unknown")
    assert bool(values) == (expected == "def")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("a, b", True),
        ("a", False),
        ("a, b, c", False),
        ("a, b, c=1", True),
        ("*a", True),
        ("a, b, *, c", False),
        ("a, /, b=1", True),
    ],
)
def test_takes(arguments: str, expected: bool):
    """Whether a function can be called with two arguments."""
    [function] = ast.parse(f"def f({arguments}): ...").body

    assert accepts(function, 2) is expected
