"""Paths of the machine that builds the archive, in its code."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.checks.packed_code import find_modules
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.pysource.namespace import truth_of
from hatch_mar.text import quote, shorten

OF_MACHINE = Rule(
    code="MAR252",
    severity="warning",
    title="Code names a path of the machine that builds the archive",
    consequence="the server has no such path",
    fix="pack the file, and build its path from `model_dir` or `__file__`",
)

HOMES = re.compile(r"^(?:/home/(?!model-server\b|venv\b)|/Users/|[A-Za-z]:[\\/]Users[\\/])[^/\\]+[\\/]")
"""A path in someone's home folder; the official image has only the two in /home."""

FEWEST_PARTS = 3
"""Parts of a path, such as `/home/me`, that another machine does not have by chance."""

LONGEST_PATH = 200
"""Characters of a path that is shown."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report each path once, where it is first met.

    Raises:
        Exhausted: too much Python has been parsed already.
    """
    folders = list_folders(subject)
    if not folders:
        return
    words = re.compile(b"|".join(re.escape(folder.encode()) for folder in folders))
    reported: set[str] = set()
    for module in find_modules(subject, words):
        for node in find_texts(module.tree):
            path = str(node.value)
            if path not in reported and len(reported) < MOST_FINDINGS and is_within(path, folders):
                reported.add(path)
                shown = quote(shorten(path, LONGEST_PATH))
                text = f"{shown} is a path of the machine that builds the archive"
                yield OF_MACHINE.at(subject.place(module.member, node.lineno), text)


def list_folders(subject: Subject) -> list[str]:
    """The project's root and the home folder, unless a server may have a folder of the same name."""
    if subject.root is None:
        return []
    found = {str(subject.root), str(subject.root.resolve()), os.path.expanduser("~")}
    return sorted(folder for folder in found if len(Path(folder).parts) >= FEWEST_PARTS)


def is_within(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith((f"{folder}/", f"{folder}\\")) for folder in folders)


def find_texts(tree: ast.Module | None) -> Iterator[ast.Constant]:
    """The texts of a module that the worker may use: not those that explain, nor those of its own script."""
    left: list[ast.AST] = [tree] if tree else []
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and truth_of(node.test) is False:
            left += node.orelse
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            left += reversed(list(ast.iter_child_nodes(node)))
