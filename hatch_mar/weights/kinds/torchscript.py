"""TorchScript that touches files when it is loaded.

torch.jit.load runs `__setstate__` of every object that has one (torch/csrc/jit/serialization/import.cpp).
It cannot import anything, but some operators read and write files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from hatch_mar.budget import CODE, Budget
from hatch_mar.text import first_messages
from hatch_mar.weights.loading import Loading

LOADER = "torch.jit.load"
OPERATORS = {
    "save": "writes a file",
    "write_file": "writes a file",
    "from_file": "opens a file",
    "read_file": "reads a file",
    "load_tensor": "reads a file",
    "sox_io_save_audio_file": "writes a file",
    "sox_io_load_audio_file": "reads a file",
}
"""The operators that take the name of a file: torch's (`torch._C._jit_get_all_schemas`), and those of
torchvision's `image` and of torchaudio."""
LARGEST_CODE = 1 << 20
"""Bytes of all code that are parsed, which takes 200 times the memory. Only what names an operator is."""
IMPLICIT = re.compile(r"__\w+__")
"""The methods that operators and built-in functions call: `a + b` is `a.__add__(b)`."""


def find_effects(sources: Iterable[tuple[str, bytes]], budget: Budget) -> tuple[Loading, ...]:
    """What the code of a TorchScript archive, given by the names of its modules, does when it is loaded."""
    code, size, names_operator = dict[str, bytes](), 0, False
    for name, data in sources:
        size += len(data)
        names_operator = names_operator or any(operator.encode() in data for operator in OPERATORS)
        if size <= LARGEST_CODE:
            code[name] = data
        elif names_operator:
            unknown = f"it has more than the {LARGEST_CODE} bytes of code that are parsed"
            return (Loading(LOADER, unknown=unknown),)
    if not names_operator:
        return ()
    functions: dict[str, list[ast.AST]] = {}
    beginning: list[ast.AST] = []
    for name, data in code.items():
        budget.spend(CODE, len(data))
        try:
            # not from bytes, whose first lines could name an encoding that torch does not know
            module = ast.parse(data.decode("latin-1"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return (Loading(LOADER, unknown=f"`{name}` cannot be parsed"),)
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, []).append(node)
        beginning += top_level(module)
    reached = follow(functions, beginning)
    effects = first_messages(
        f"calls `{ast.unparse(call.func)}`, which {OPERATORS[operator]}, when it is loaded"
        for node in reached
        for call, operator in calls_of(node)
        if operator in OPERATORS
    )
    return (Loading(LOADER, effects=effects),) if effects else ()


def top_level(module: ast.Module) -> Iterator[ast.AST]:
    """The statements that are in no function."""
    for statement in module.body:
        if isinstance(statement, ast.ClassDef):
            yield from (each for each in statement.body if not isinstance(each, ast.FunctionDef))
        elif not isinstance(statement, ast.FunctionDef):
            yield statement


def follow(functions: dict[str, list[ast.AST]], beginning: list[ast.AST]) -> list[ast.AST]:
    """What runs when the code is loaded, as far as names tell: `__setstate__`, and what it names.

    A property is called without a call, so that every name counts.
    """
    reached, pending, seen = [*beginning], [*beginning], set()

    def reach(name: str) -> None:
        if name not in seen:
            seen.add(name)
            reached.extend(functions.get(name, []))
            pending.extend(functions.get(name, []))

    if not beginning and "__setstate__" not in functions:
        return []
    for name in filter(IMPLICIT.fullmatch, functions):
        reach(name)
    while pending:
        for name in names_in(pending.pop()):
            reach(name)
    return reached


def names_in(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.Name):
            yield each.id


def calls_of(node: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """The calls in a piece of code, and the last part of the name of what each calls."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            if isinstance(call.func, ast.Attribute):
                yield call, call.func.attr
            elif isinstance(call.func, ast.Name):
                yield call, call.func.id
