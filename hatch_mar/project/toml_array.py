"""Adds a string to a TOML array of strings, in the layout that it has."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

TOKEN = re.compile(
    r'''
    """(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?\'{3,5} | "(?:\\.|[^"\\])*" | '[^']*'
    | (?P<comment> \#[^\n]*) | (?P<space> \s+) | (?P<comma> ,) | [^\s,#"']+
    ''',
    re.VERBOSE | re.DOTALL,
)
"""What is in an array between its brackets; a token without a name is a value (TOML 1.0, "Array")."""

INDENT = "    "


def add_string(array: str, value: str) -> str:
    """The text of an array with a string at its end; all comments stay where they are.

    What follows the last value on lines of its own, such as a comment, stays before the new one.
    """
    inside, added = array[1:-1], json.dumps(value)
    last = find_last(inside)
    if last is None:
        return f"[{add_line(inside, added)}]" if "\n" in inside else f"[{inside.rstrip()}{added}]"
    before, after = inside[: last.end], inside[last.end :]
    if last.has_comma:
        added += ","
    else:
        before += ","
    if "\n" in after:
        return f"[{add_line(before + after, added, last.indent)}]"
    space = " " if last.indent is None else f"\n{last.indent}"
    return f"[{before}{space}{added}{after}]"


class Last(NamedTuple):
    """The last value of an array."""

    end: int
    """Where it ends in the text, with its comma."""
    indent: str | None
    """What is before it on its line, if that is nothing but white space."""
    has_comma: bool


def find_last(inside: str) -> Last | None:
    last = None
    for token in TOKEN.finditer(inside):
        if token.lastgroup is None:
            _, newline, indent = inside[: token.start()].rpartition("\n")
            last = Last(token.end(), indent if newline and not indent.strip() else None, has_comma=False)
        elif token.lastgroup == "comma" and last:
            last = last._replace(end=token.end(), has_comma=True)
    return last


def add_line(inside: str, value: str, indent: str | None = None) -> str:
    """What is between the brackets, with a value on a line before that of the closing bracket."""
    head, newline, end = inside.rpartition("\n")
    if end.strip():  # the array ends with values or a comment of this line
        head, newline, end = inside, "\n", ""
    return f"{head.rstrip(' ')}\n{INDENT if indent is None else indent}{value}{newline}{end}"
