"""The expressions of an exported program: those of its symbolic shapes, and its guards.

torch.export.load gives shapes to sympy (torch/_export/serde/serialize.py, `_parse_sym_expr`), whose `sympify`
is an `eval`. The guards become a function (torch/export/_unlift.py, `_convert_guards_code_to_fn`), which runs
whenever the program's module is called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from hatch_mar.budget import CODE, JSON, Budget
from hatch_mar.text import quote
from hatch_mar.weights.loading import Loading

EXPRESSION = re.compile(rb'"expr_str"\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
GUARDS = re.compile(rb'"guards_code"\s*:\s*\[')
GUARD = re.compile(rb'[\s,]*("(?:[^"\\]|\\.)*")', re.DOTALL)
PLAIN = bytes(code for code in range(0x20, 0x7F) if code not in b'"\\')
"""The characters that JSON lets one write otherwise, as in the key `expr\u005fstr`, for no need."""
MOST, LONGEST = 100_000, 100_000
"""Distinct expressions, and characters of one."""
HARMLESS = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp,
    ast.BoolOp, ast.Compare, ast.Tuple, ast.List, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip
FUNCTIONS = frozenset(
    ("floor", "ceiling", "sqrt", "log", "log2", "exp", "sin", "cos", "tan", "abs", "min", "max")
)
"""Those of sympy that are not classes; these have capital letters."""
ASKED = (
    "size", "stride", "storage_offset", "sym_float", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt",
)  # fmt: skip
"""What guards ask of an input and of torch."""


def find_evaluated(document: bytes, budget: Budget) -> tuple[Loading, ...]:
    """What a model's JSON would have evaluated beyond arithmetic."""
    budget.spend(JSON, len(document))
    document = spell_out(document, budget)
    shapes = (match[1] for match in EXPRESSION.finditer(document))
    effects = (
        *find_evil(shapes, is_shape, "evaluates", budget),
        *find_evil(list_guards(document), is_guard, "evaluates when it is called", budget),
    )
    return (Loading("torch.export.load", effects=effects),) if effects else ()


def find_evil(
    literals: Iterable[bytes], is_harmless: Callable[[ast.AST], bool], does: str, budget: Budget
) -> Iterator[str]:
    """What is evaluated, if any of the expressions is not harmless."""
    found = dict.fromkeys(literals)
    budget.spend(CODE, sum(map(len, found)))
    for text in map(unquote, list(found)[:MOST]):
        if not is_made_of(text, is_harmless):
            yield f"{does} {quote(text)}"
            return
    if len(found) > MOST:
        yield f"{does} more than {MOST} expressions"


def list_guards(document: bytes) -> Iterator[bytes]:
    for match in GUARDS.finditer(document):
        position = match.end()
        while guard := GUARD.match(document, position):
            yield guard[1]
            position = guard.end()


def spell_out(document: bytes, budget: Budget) -> bytes:
    """JSON without escapes of plain characters."""
    if b"\\u00" not in document:
        return document
    budget.spend(JSON, len(document))
    for code in PLAIN:
        for digits in {f"{code:02x}", f"{code:02X}"}:
            document = document.replace(f"\\u00{digits}".encode(), bytes([code]))
    return document


def unquote(literal: bytes) -> str:
    import json

    try:
        return str(json.loads(literal))
    except ValueError:
        return literal.decode("utf-8", "replace")


def is_made_of(text: str, is_harmless: Callable[[ast.AST], bool]) -> bool:
    """Whether an expression has nothing in it but what is harmless."""
    if len(text) > LONGEST:
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return all(map(is_harmless, ast.walk(tree)))


def is_shape(node: ast.AST) -> bool:
    """Whether it is a number, a symbol, an operator or a call of a class of sympy's."""
    if not isinstance(node, HARMLESS):
        return False
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        return isinstance(node.value, str) and node.value.isidentifier()
    if isinstance(node, ast.Name):
        return not node.id.startswith("__")
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and (node.func.id[0].isupper() or node.func.id in FUNCTIONS)
    return True


def is_guard(node: ast.AST) -> bool:
    """Whether it is as a shape, or asks for the shape of an input: `L['x'].size()[0]`."""
    if isinstance(node, ast.Attribute):
        return node.attr in ASKED or (
            isinstance(node.value, ast.Name) and node.value.id == "math" and "__" not in node.attr
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return True
    return isinstance(node, (ast.Subscript, ast.Constant)) or is_shape(node)
