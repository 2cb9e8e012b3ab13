"""The text of a TOML document, edited so that whatever is not edited stays as it is.

tomlkit keeps a document's comments, but parts some of them from what they are about when it adds
something. So it only replaces values here.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import tomlkit
from tomlkit.items import Array, InlineTable

from hatch_mar.errors import ConfigError
from hatch_mar.finding import dotted_key
from hatch_mar.project.toml import table_at, tomllib
from hatch_mar.project.toml_array import add_string

Keys = tuple[str, ...]


class CannotEdit(ConfigError):
    """Why something cannot be added, as a sentence goes on after "because"."""


class TomlText:
    """A document's text; after each edit it has the same content as before and what was added.

    Raises:
        CannotEdit: a table is written in a way that nothing can be added to. The text is then as it was.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def content(self) -> dict[str, Any]:
        return tomllib.loads(self.text)

    def set_string(self, table: Keys, key: str, value: str) -> None:
        """Give a key a value, where it stands, or else as the first key of its table."""
        drafts = self.replaced if key in table_at(self.content, *table) else self.inserted
        self.take(drafts(table, key, value), merge(self.content, nest(table, {key: value})), table)

    def add_to_array(self, table: Keys, key: str, value: str) -> None:
        """Add a string to an array of strings that is there."""
        document = tomlkit.parse(self.text)
        parent = item_at(document, table)
        parent[key] = tomlkit.parse(f"x = {add_string(parent[key].as_string(), value)}")["x"]
        expected = merge(self.content, nest(table, {key: [value]}))
        self.take(iter([document.as_string()]), expected, (*table, key))

    def set_in_array(self, array: Keys, index: int, key: str, value: str) -> None:
        """Give a key a value in a table of an array, where it stands, or else as the table's last key."""
        expected = copy.deepcopy(self.content)
        item_at(expected, array)[index][key] = value
        self.take(self.drafts_in_array(array, index, key, value), expected, array)

    def drafts_in_array(self, array: Keys, index: int, key: str, value: str) -> Iterator[str]:
        document = tomlkit.parse(self.text)
        tables = item_at(document, array)
        table = tables[index]
        line = f"{key} = {json.dumps(value)}"
        if key in table:
            table[key] = value
            yield document.as_string()
            return
        if isinstance(table, InlineTable):
            inside = table.as_string()[:-1].rstrip()
            space = table.as_string()[len(inside) : -1]
            tables[index] = tomlkit.parse(f"x = {inside}, {line}{space}}}")["x"]
            yield document.as_string()
            return
        header = rf"^[ \t]*\[\[[ \t]*{pattern_of(array)}[ \t]*\]\][^\n]*\n"
        for found in re.finditer(header, self.text, re.MULTILINE):
            yield from self.inserted_below(found.end(), f"{line}\n")

    def inserted_below(self, start: int, line: str) -> Iterator[str]:
        """Drafts with a line at the end of a table, which begins at `start`, or wherever it fits in it."""
        end = re.compile(r"^[ \t]*\[", re.MULTILINE).search(self.text, start)
        inside = self.text[start : end.start() if end else None]
        written = len(re.sub(r"(?:^[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z))+\Z", "", inside, flags=re.MULTILINE))
        lines = [match.end() for match in re.finditer(r"\n|(?<=[^\n])\Z", inside[:written])]
        for place in [*reversed(lines), 0]:
            above = self.text[: start + place]
            yield f"{above}{'' if above.endswith(chr(10)) else chr(10)}{line}{self.text[start + place :]}"

    def append(self, tables: str, path: Keys) -> None:
        """Add tables at the end; `path` is the key of the first."""
        self.take(self.appended(tables), merge(self.content, tomllib.loads(tables)), path)

    def take(self, drafts: Iterator[str], expected: Mapping[str, Any], path: Keys) -> None:
        """Make the first draft the text that has the content which is expected."""
        for draft in drafts:
            if parse(draft) == expected:
                self.text = draft
                return
        raise CannotEdit(self.why_not(path))

    def replaced(self, table: Keys, key: str, value: str) -> Iterator[str]:
        document = tomlkit.parse(self.text)
        item_at(document, table)[key] = value
        yield document.as_string()

    def inserted(self, table: Keys, key: str, value: str) -> Iterator[str]:
        """Drafts with a line below the table's header, or beside its dotted keys, or in a table at the end.

        What looks like one may be part of a string.
        """
        line = f"{key} = {json.dumps(value)}\n"
        header = rf"^[ \t]*\[[ \t]*{pattern_of(table)}[ \t]*\][ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)"
        for found in re.finditer(header, self.text, re.MULTILINE):
            above = self.text[: found.end()]
            yield f"{above}{'' if above.endswith(chr(10)) else chr(10)}{line}{self.text[found.end() :]}"
        for number in range(len(table)):
            dotted = rf"^(?:[ \t]*#[^\n]*\n)*[ \t]*(?={pattern_of(table[number:])}[ \t]*\.)"
            for found in re.finditer(dotted, self.text, re.MULTILINE):
                prefix = ".".join(table[number:])
                yield f"{self.text[: found.start()]}{prefix}.{line}{self.text[found.start() :]}"
        yield from self.appended(f"[{'.'.join(table)}]\n{line}")

    def appended(self, tables: str) -> Iterator[str]:
        text = self.text.rstrip()
        yield (f"{text}\n\n" if text else "") + tables

    def why_not(self, path: Keys) -> str:
        """What keeps anything from being added below a key."""
        document: Any = tomlkit.parse(self.text)
        for number, key in enumerate(path, start=1):
            document = document.get(key)
            if isinstance(document, (InlineTable, Array)):
                return f"`{dotted_key(path[:number])}` is written inline"
            if document is None:
                break
        return f"nothing can be added to `{dotted_key(path)}` as it is written"


def item_at(document: Any, table: Keys) -> Any:
    for key in table:
        document = document[key]
    return document


def pattern_of(path: Keys) -> str:
    """A key in any spelling."""
    return r"[ \t]*\.[ \t]*".join(
        rf"(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')" for key in path
    )


def nest(table: Keys, content: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(table):
        content = {key: content}
    return content


def merge(content: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Two documents as one: tables have the keys of both, and arrays the values of both."""
    merged = copy.deepcopy(dict(content))
    for key, value in more.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            merged[key] = [*old, *value]
        else:
            merged[key] = value
    return merged


def parse(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
