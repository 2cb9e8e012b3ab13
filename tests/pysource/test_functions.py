"""What a function returns, and does with an argument, is told only where it is certain."""

from __future__ import annotations

import ast
from textwrap import dedent, indent

import pytest

from hatch_mar.pysource.functions import FunctionNode, find_wrong_return, reads_first_alone
from hatch_mar.pysource.namespace import Namespace

IMPORTS = "import json, torch\nimport numpy as np\nimport torch.nn.functional as F"


def parse(body: str, head: str = "def f(self, data):", before: str = "") -> tuple[FunctionNode, Namespace]:
    tree = ast.parse(f"{dedent(before)}\n{head}\n{indent(dedent(body), '    ')}")
    function = tree.body[-1]
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    return function, Namespace(tree.body)


class TestReturn:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ("return {}", "a dict"),
            ("return {key: 1 for key in data}", "a dict"),
            ("return dict(a=1)", "a dict"),
            ("return 'ok'", "a string"),
            ("return f'{data}'", "a string"),
            ("return str(data)", "a string"),
            ("return json.dumps(data)", "a string"),
            ("best = torch.argmax(data, 1)\nreturn best", "a tensor"),
            ("return F.softmax(data, dim=1)", "a tensor"),
            ("return np.array(data)", "an array"),
            ("return 1, 2", "a tuple"),
            ("return (each for each in data)", "a generator"),
            ("return 1", "a constant"),
            ("if data is None:\n    return\nreturn {}", "a dict"),
            ("if data:\n    return {}\nelse:\n    return 'no'", "a dict"),
            ("result = {}\nresult['a'] = 1\nreturn result", "a dict"),
            ("result = {}\nif data:\n    result = dict(a=1)\nreturn result", "a dict"),
            ("first = 'a'\nresult = first\nreturn result", "a string"),
            ("result = {}\nresult = result\nreturn result", "a dict"),
            ("result = {}\n" + "result = other\nother = result\n" * 50 + "return result", "a dict"),
            ("print(data)", "nothing"),
            ("return", "nothing"),
            ("if data is None:\n    return None\nself.x = data", "nothing"),
            ("def g():\n    return []\nreturn {}", "a dict"),
        ],
    )
    def test_wrong(self, body: str, kind: str):
        found = find_wrong_return(*parse(body, before=IMPORTS))

        assert found is not None
        assert found[1] == kind

    @pytest.mark.parametrize(
        "body",
        [
            "return []",
            "return data",
            "return data.tolist()",
            "return [each for each in data]",
            "if data:\n    return {}\nreturn [1]",
            "if data is None:\n    return None\nreturn [1]",
            "result = {}\nresult = [result]\nreturn result",
            "result = {}\nfor result in data: ...\nreturn result",
            "result = {}\ndel result\nreturn result",
            "result = ''\nresult += data\nreturn result",
            "global result\nresult = {}\nreturn result",
            "import result\nreturn result",
            "return unknown",
            "result = {}\nresult = unknown\nreturn result",
            "a = {}\nb = a\nc = b\nd = c\ne = d\nf = e\nreturn f",
            "result = result\nreturn result",
            "return str(data)",
            "yield {}",
            "raise NotImplementedError",
            "...",
            "'''What it will do.'''",
            "while True:\n    data()",
        ],
    )
    def test_unknown(self, body: str):
        assert find_wrong_return(*parse(body, before="def str(x): return [x]")) is None

    def test_line(self):
        """It is that of the first answer, not of a return without one."""
        found = find_wrong_return(*parse("if data is None:\n    return\nreturn {}\nreturn 'x'"))

        assert found == (5, "a dict")

    @pytest.mark.parametrize(
        ("decorator", "told"), [("@timed", True), ("@torch.no_grad()", True), ("@x", False)]
    )
    def test_decorators(self, decorator: str, told: bool):
        """A decorator may change what a function returns."""
        function, names = parse("return {}", head=f"{decorator}\ndef f(self, data):")

        assert (find_wrong_return(function, names) is not None) is told


class TestFirst:
    @pytest.mark.parametrize(
        ("body", "line"),
        [
            ("return [data[0]]", 3),
            ("row = data[0].get('a') or data[0].get('b')\nreturn [row]", 3),
            ("print(data)\nlogger.info(f'{len(data)}')\nreturn [data[0]]", 5),
            ("data = data[0]\nfor row in data: ...", 3),
        ],
    )
    def test_alone(self, body: str, line: int):
        assert reads_first_alone(parse(body)[0], 1) == line

    @pytest.mark.parametrize(
        "body",
        [
            "return data",
            "return [data[0], data[1]]",
            "return [data[0] for _ in data]",
            "if len(data) == 1: return [data[0]]",
            "data = [row for row in data]\nreturn data[0]",
            "if self.x:\n    data = data[0]\nfor row in data: ...",
            "data[0] = 1",
            "return [1]",
        ],
    )
    def test_not_alone(self, body: str):
        assert reads_first_alone(parse(body)[0], 1) is None

    def test_no_parameter(self):
        assert reads_first_alone(parse("return data[0]")[0], 2) is None
