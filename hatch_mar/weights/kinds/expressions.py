"""The expressions of an exported program's symbolic shapes, which torch.export.load evaluates.

They are given to sympy (torch/_export/serde/serialize.py, `_parse_sym_expr`), whose `sympify` is an `eval`.
"""

from __future__ import annotations

import ast
import re

from hatch_mar.budget import Budget
from hatch_mar.text import quote
from hatch_mar.weights.loading import Loading

EXPRESSION = re.compile(rb'"expr_str"\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
ESCAPED = re.compile(rb"\\u00([2-7][0-9A-Fa-f])")
"""An ASCII character that JSON lets one write otherwise, as in the key `expr\u005fstr`."""
MOST, LONGEST = 100_000, 100_000
"""Distinct expressions, and characters of one."""
HARMLESS = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp,
    ast.BoolOp, ast.Compare, ast.Tuple, ast.List, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip
FUNCTIONS = frozenset(("floor", "ceiling", "sqrt", "log", "log2", "exp", "sin", "cos", "tan", "abs"))
"""Those of sympy that are not classes; these have capital letters."""


def find_evaluated(document: bytes, budget: Budget) -> tuple[Loading, ...]:
    """What a model's JSON would have evaluated beyond arithmetic."""
    budget.spend("JSON", len(document))
    found = dict.fromkeys(match[1] for match in EXPRESSION.finditer(spell_out(document)))
    budget.spend("code", sum(map(len, found)))
    evil = [text for text in map(unquote, list(found)[:MOST]) if not is_arithmetic(text)]
    if len(found) > MOST:
        evil.append(f"more than {MOST} expressions")
    return (Loading("torch.export.load", effects=(f"evaluates {quote(evil[0])}",)),) if evil else ()


def spell_out(document: bytes) -> bytes:
    """JSON without escapes of plain characters, but for those that end a string or escape."""
    if b"\\u00" not in document:
        return document
    return ESCAPED.sub(lambda m: m[0] if (plain := bytes([int(m[1], 16)])) in b'"\\' else plain, document)


def unquote(literal: bytes) -> str:
    import json

    try:
        return str(json.loads(literal))
    except ValueError:
        return literal.decode("utf-8", "replace")


def is_arithmetic(text: str) -> bool:
    """Whether an expression has only numbers, symbols, operators and calls of sympy's classes."""
    if len(text) > LONGEST:
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return all(is_harmless(node) for node in ast.walk(tree))


def is_harmless(node: ast.AST) -> bool:
    if not isinstance(node, HARMLESS):
        return False
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        return isinstance(node.value, str) and node.value.isidentifier()
    if isinstance(node, ast.Name):
        return not node.id.startswith("__")
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and (node.func.id[0].isupper() or node.func.id in FUNCTIONS)
    return True
