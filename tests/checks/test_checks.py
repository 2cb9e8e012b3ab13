"""The checks as a whole: every rule is listed, and every check is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules, walk_packages

import pytest

import hatch_mar
from hatch_mar import checks
from hatch_mar.budget import TOKENS, Budget
from hatch_mar.checks import CHECKS, WORKFLOW_CHECKS, check, has_work, rules
from hatch_mar.finding import Rule
from tests.checks import BASE, HANDLER, NET, subject

TESTS = Path(__file__).parents[1]
SOURCES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in Path(hatch_mar.__file__).parent.rglob("*.py")
}


class TestRules:
    def test_listed(self):
        """Every rule that is made anywhere is in the list; its code stands in the source."""
        assert sorted(codes_made()) == [rule.code for rule in rules()]

    def test_used(self):
        """Every rule is used where it is made, or where it is imported."""
        made = {node.targets[0].id for node in assignments() if isinstance(node.targets[0], ast.Name)}
        used = {
            node.id
            for tree in SOURCES.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }

        assert made - used == set()

    def test_examples(self):
        """Every rule of a check has a test that makes it speak."""
        text = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
        codes = [rule.code for rule in rules() if not rule.code.startswith("MAR0")]

        assert [code for code in codes if code not in text] == []

    @pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
    def test_words(self, rule: Rule):
        """A rule says what is wrong, what happens and what to do, each in a line without a full stop."""
        assert re.fullmatch(r"MAR[0-9]{3}", rule.code)
        assert rule.severity in ("error", "warning", "note")
        for text in (rule.title, rule.consequence, rule.fix):
            assert text
            assert "\n" not in text
            assert not text.endswith(".")


class TestChecks:
    def test_run(self):
        """Every module that has a check of an archive is run."""
        modules = [info.name for info in iter_modules(checks.__path__)]
        with_check = {
            name for name in modules if is_defined("check", import_module(f"hatch_mar.checks.{name}"))
        }

        # it checks a file that TorchServe might not even unpack, so there may be no archive to look at
        assert with_check == {*CHECKS, *WORKFLOW_CHECKS}

    @pytest.mark.parametrize(
        "name", [info.name for info in walk_packages(checks.__path__, "hatch_mar.checks.")]
    )
    def test_called(self, name: str):
        """A check within a folder is called by another module of it."""
        module = import_module(name)
        package, _, last = name.rpartition(".")
        if package == "hatch_mar.checks" or not is_defined("check", module):
            return
        folder = Path(str(module.__file__)).parent
        calls = {
            ast.unparse(node.func)
            for path in folder.glob("*.py")
            for node in ast.walk(SOURCES[path])
            if isinstance(node, ast.Call)
        }

        assert f"{last}.check" in calls

    def test_order(self):
        """Findings come in the order of their families."""
        files = {"h.py": "", "a b\\c": "", "C.py": "", "c.py": ""}
        families = [finding.code[:4] for finding in check(subject(files, serialized_file="w.pt"))]

        assert families == sorted(families)
        assert len(set(families)) > 2

    @pytest.mark.parametrize(
        ("name", "handler", "expected"),
        [
            ("portability", "h.py", True),
            ("model_file", "h.py", False),
            ("model_config", "h.py", False),
            ("model_config", "vllm_handler", True),
        ],
    )
    def test_has_work(self, name: str, handler: str, expected: bool):
        """A module that has nothing to look at is not imported."""
        assert has_work(name, subject({"h.py": HANDLER}, handler)) is expected

    def test_good(self):
        """Nothing is found in an archive that works."""
        files = {"h.py": BASE, "net.py": NET, "c.yaml": "batchSize: 2\n"}

        assert check(subject(files, model_file="net.py", config_file="c.yaml")) == []


def is_defined(name: str, module: object) -> bool:
    function = getattr(module, name, None)
    return getattr(function, "__module__", None) == getattr(module, "__name__", "")


def assignments() -> Iterator[ast.Assign]:
    """The statements that make a rule and give it a name."""
    for tree in SOURCES.values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and makes_rule(node.value):
                yield node


def codes_made() -> Iterator[str]:
    """The codes of all rules that the source makes, anywhere."""
    for tree in SOURCES.values():
        for node in ast.walk(tree):
            if makes_rule(node):
                [code] = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                yield ast.literal_eval(code)


def makes_rule(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Rule"


class TestBudget:
    """Whatever an archive holds, a part of it is read, and where that ends is said."""

    def test_requirements(self):
        """Of half a million lines some are read, and what else is wrong is found."""
        made = subject(
            {"h.py": HANDLER, "r.txt": "tomli\n" * 500_000, "c.yaml": "["},
            requirements_file="r.txt",
            config_file="c.yaml",
        )

        assert str(check(made)[-1]) == (
            "digits.mar: MAR131 The archive has more requirement lines than a command reads;"
            " pack less into it"
        )
        assert [finding.code for finding in check(made)] == ["MAR504", "MAR131"]

    def test_python(self):
        """Of a handler too large to be parsed, that is worth knowing; its code runs in any case."""
        made = subject({"h.py": HANDLER + "a = [1, 2]\n" * 1000})
        made.budget = Budget(memory=100 * TOKENS.memory)

        assert [(finding.code, finding.severity) for finding in check(made)] == [("MAR131", "note")]
        assert made.modules == {}
