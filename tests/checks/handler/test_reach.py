"""Imports are followed within bounds, whatever an archive holds."""

from __future__ import annotations

import pytest

from hatch_mar.budget import TOKENS, Exhausted
from hatch_mar.checks.handler import check
from hatch_mar.checks.handler.reach import Reach
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.rehearsal.events import LateImport
from tests.budgets import enough_for
from tests.checks import HANDLER, Files, found, subject


def importing(source: str, **files: str) -> list[str]:
    """What is found in a handler that starts with these lines."""
    more = {f"{name}.py": text for name, text in files.items()}
    return found(check, {"h.py": f"{source}\n{HANDLER}", **more})


def problems(made: Subject, start: str = "h") -> list[tuple[str, str]]:
    return [(problem.kind, problem.name) for problem in Reach(made).start(start)]


class TestStart:
    @pytest.mark.parametrize(
        ("source", "kind", "name"),
        [
            ("import missing.part", "absent", "missing"),
            ("import digits.missing", "lacking", "digits.missing"),
            ("from .digits import a", "relative", ".digits"),
        ],
    )
    def test_problem(self, source: str, kind: str, name: str) -> None:
        """What an import that fails is called, and why it fails."""
        files = {"h.py": source, "digits/__init__.py": ""}
        assert problems(subject(files)) == [(kind, name)]

    def test_once(self) -> None:
        """A module that was followed is not followed again."""
        reach = Reach(subject({"h.py": "import a", "g.py": "import a", "a.py": "import missing"}))

        assert [len(list(reach.start(name))) for name in ("h", "g")] == [1, 0]
        assert list(reach.modules) == ["h", "a", "g"]

    def test_late(self) -> None:
        """What a function imports is followed from where the function is."""
        source = "class H:\n def initialize(self, context):\n  from .a import b\n def handle(self, d, c): ..."
        made = subject({"p/__init__.py": "", "p/h.py": source, "p/a.py": "import missing"}, handler="p.h")
        late = [event for event in made.rehearsal if isinstance(event, LateImport)]

        found = [(problem.kind, problem.name) for problem in Reach(made).continue_with(late)]
        assert found == [("name", "p.a.b"), ("absent", "missing")]

    def test_path(self) -> None:
        """If a module changes the path, no module can be called missing."""
        files = {"h.py": "import a, missing", "a.py": "import sys\nsys.path.append('lib')"}
        assert problems(subject(files)) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/b.py": ""}, "module"),
        ({"a/b/__init__.py": ""}, "module"),
        ({"a/b.cpython-311-x86_64-linux-gnu.so": ""}, "compiled"),
        ({"a/b/__init__.pyc": ""}, "compiled"),
        ({"a/b/c.txt": ""}, "folder"),
        ({"a.py": ""}, None),
    ],
)
def test_holds(files: Files, expected: str | None) -> None:
    assert Reach(subject(files)).look_up("a.b") == expected


class TestBounds:
    """Whatever an archive holds, it is checked in a bounded time."""

    def test_chain_of_imports(self) -> None:
        """Imports are followed until the budget ends, and that is not passed over."""
        files = {f"m{n}.py": f"import m{n + 1}" for n in range(100)}
        made = subject({"h.py": "import m0\n" + HANDLER, **files})
        made.budget = enough_for(TOKENS, 1000)

        with pytest.raises(Exhausted, match="more tokens"):
            list(check(made))
        assert 10 < len(made.modules) < 50

    def test_circle(self) -> None:
        assert importing("import a", a="import b, h", b="import a") == []

    def test_many_findings(self) -> None:
        assert len(importing("".join(f"import missing{n}\n" for n in range(500)))) == 100

    @pytest.mark.parametrize(
        "source",
        [
            "import " + ".".join(["a"] * 100_000),
            "import " + ".\\\n".join(["a"] * 10_000),
            "x = " + "a + " * 5000 + "1",
            "x = " + "-" * 5000 + "1",
            "x = " + "a." * 5000 + "b",
            "if a: pass\n" + "elif a: pass\n" * 5000,
            "if " + "not " * 900 + "a: pass",
            "".join(" " * n + "try:\n" for n in range(19))
            + " " * 19
            + "x = 1"
            + "".join(f"\n{' ' * n}finally: x = 1" for n in range(18, -1, -1)),
            "".join(f"{' ' * n}if a:\n" for n in range(99)) + " " * 99 + "x = 1",
        ],
    )
    def test_deep(self, source: str) -> None:
        """Python may refuse the source; nothing else is found, and nothing fails."""
        assert all("MAR208" in message for message in importing(source))
