from __future__ import annotations

import json

import pytest

from hatch_mar.budget import Budget
from hatch_mar.weights.kinds.expressions import find_evaluated


def document(expression: str) -> bytes:
    return json.dumps({"sizes": [{"as_expr": {"expr_str": expression, "hint": None}}]}).encode()


class TestEvaluated:
    @pytest.mark.parametrize(
        "expression",
        [
            "Symbol('s77', positive=True, integer=True)",
            "Mul(Integer(2), Symbol('s77', positive=True, integer=True))",
            "2*s0 + Max(1, s1//8)",
            "Eq(Mod(s0, 8), 0)",
            "floor(s0/2) <= 4",
            "-s0**2",
        ],
    )
    def test_arithmetic(self, expression: str):
        assert find_evaluated(document(expression), Budget()) == ()

    @pytest.mark.parametrize(
        "expression",
        [
            "__import__('os').system('id')",
            "exec('import os')",
            "open('x', 'w')",
            "eval(chr(49))",
            "(lambda: 1)()",
            "[x for x in ()]",
            "S('1').__class__",
            "Symbol('s0; import os')",
            "no python",
        ],
    )
    def test_other(self, expression: str):
        [loading] = find_evaluated(document(expression), Budget())

        assert loading.loader == "torch.export.load"
        assert loading.effects == (f"evaluates `{expression}`",)

    def test_escaped(self):
        """JSON may write any letter as a number."""
        assert find_evaluated(b'{"expr_str": "\\u0065xec(1)"}', Budget())

    def test_escaped_key(self):
        assert find_evaluated(b'{"expr\\u005fstr": "exec(1)"}', Budget())
        assert not find_evaluated(b'{"expr\\u005fstr": "2*s0", "note": "\\u0022expr_str\\u0022"}', Budget())


class TestGuards:
    @pytest.mark.parametrize(
        "guard",
        [
            "(-1) + 2*L['x'].size()[0] <= L['y'].size()[0] + L['x'].size()[0]",
            "L['x'][0].stride()[1] % 8 == 0 and not L['n'] != 3",
            "math.isnan(L['a b']) or L['f'] == math.inf",
            "max(1, L['x'].size()[0]) // 2 == torch.sym_max(L['n'], 4)",
            "L['mode'] == 'mean'",
        ],
    )
    def test_honest(self, guard: str):
        assert find_evaluated(json.dumps({"guards_code": [guard], "x": ["exec()"]}).encode(), Budget()) == ()

    @pytest.mark.parametrize(
        "guard",
        [
            "__import__('os').system('id') == 0",
            "L['x'].__class__",
            "torch.serialization.os.system('id')",
            "math.__loader__.load_module('os')",
            "torch.load('x')",
            "1) or exec('x'",
        ],
    )
    def test_other(self, guard: str):
        """A guard is Python, which is run when the module of the program is called."""
        [loading] = find_evaluated(json.dumps({"guards_code": ["1 < 2", guard]}, indent=1).encode(), Budget())

        assert loading.effects == (f"evaluates when it is called `{guard}`",)
