"""Adds tables of `[tool.mar]` to a project's `pyproject.toml`, keeping its comments and order."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.errors import ConfigError
from hatch_mar.project.build_system import name_builders, require_plugin, why_not_wrapped, wrap
from hatch_mar.project.config.models import PYPROJECT, TABLE
from hatch_mar.project.config.schema import PROJECT_KEYS, parse_table
from hatch_mar.project.config.values import HATCHLING, WRAPPER
from hatch_mar.project.hatch_settings import HATCH_TOML, HatchSettings
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.toml import table_at, tomllib
from hatch_mar.text import quote

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

HOOK = ("tool", "hatch", "build", "hooks", "mar")

Table = Mapping[str, "str | Sequence[str]"]

Tables = Mapping[str, Sequence[Table]]
"""The tables to add, by array: `archives` and `workflows`."""

NAMES = {"archives": "model-name", "workflows": "workflow-name"}
"""The key that names a table, by array."""


def format_tables(tables: Tables) -> str:
    return "\n".join(
        f"[[{TABLE}.{array}]]\n" + "".join(f"{key} = {to_value(value)}\n" for key, value in table.items())
        for array, several in tables.items()
        for table in several
    )


def to_value(value: str | Sequence[str]) -> str:
    """A TOML string, or an array of them. TOML has all the escapes of JSON, and DEL needs one."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ConfigError(f"TOML cannot hold {quote(value)}, which is not UTF-8; rename it") from None
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    line = f"[{', '.join(map(to_value, value))}]"
    if len(line) <= 88:
        return line
    return "[\n" + "".join(f"  {to_value(item)},\n" for item in value) + "]"


def add_tables(project: PyProject, tables: Tables, *, buildable: bool = True) -> list[str]:
    """Add archives and workflows to a project; returns a line for each change and for what builds them.

    Raises:
        ConfigError: it has such archives already, it would give them other values, or its
            tables are written in a way that nothing can be added to. The file is then as it was.
    """
    try:
        import tomlkit
    except ImportError:
        raise ConfigError("Option `--write` needs tomlkit: pip install 'hatch-mar[cli]'") from None

    refuse_conflicts(table_at(project.pyproject, "tool", "mar"), tables)
    path = Path(os.path.realpath(project.root / PYPROJECT))
    original = path.read_bytes().decode()
    document = tomlkit.parse(original)
    expected = copy.deepcopy(dict(project.pyproject))
    mar = expected.setdefault("tool", {}).setdefault("mar", {})
    for array, several in tables.items():
        mar.setdefault(array, []).extend(several)
    text = format_tables(tables)
    names = [f"`{table[NAMES[array]]}`" for array, several in tables.items() for table in several]
    done = [f"Added {', '.join(names)} to `{path}`"]

    tables_of_build, changes, builder = set_up_build(project, expected, document)
    text = tables_of_build + text
    done += changes

    text = append(restore_newlines(document.as_string(), original), text, expected, path)
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise ConfigError(f"Cannot write `{path}`: {error.strerror or error}") from None
    return [*done, builder] if buildable else done


def set_up_build(
    project: PyProject, expected: dict[str, Any], document: TOMLDocument
) -> tuple[str, list[str], str]:
    """Let the project's build make its archives, as far as its build backend can.

    Args:
        expected: the content of `pyproject.toml`, with the archives, which is changed.
        document: the same as tomlkit has parsed it, which is changed where it has the table.

    Returns:
        The tables to add to the document, a line for each change, and a sentence on what builds
        the archives.
    """
    backend = table_at(expected, "build-system").get("build-backend")
    if backend == HATCHLING:
        required = require_plugin(expected, document)
        text, lines = enable_hook(project, expected)
        return text, required + lines, "`hatch build` builds them"
    if reason := why_not_wrapped(project):
        return "", [], f"`hatch-mar build` builds them, since {reason}"
    text, lines = ("", require_plugin(expected, document)) if backend == WRAPPER else wrap(expected, document)
    return text, lines, name_builders(expected["tool"]["mar"].get("build-backend"))


def enable_hook(project: PyProject, expected: dict[str, Any]) -> tuple[str, list[str]]:
    """Enable hatchling's build hook; returns the table to add, and a line on what was or must be done."""
    settings = HatchSettings(project.root, expected)
    if any(True for _ in settings.hooks()):
        return "", []
    if settings.file == HATCH_TOML:
        return "", ["Add `[build.hooks.mar]` to `hatch.toml`, which overrides `[tool.hatch.build]`"]
    table = expected
    for key in HOOK:
        table = table.setdefault(key, {})
    header = f"[{'.'.join(HOOK)}]"
    return f"{header}\n\n", [f"Added `{header}`"]


def restore_newlines(text: str, original: str) -> str:
    """The edited text with the newlines of the original; tomlkit ends the lines that it adds with LF."""
    if original.count("\r\n") < original.count("\n"):
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def append(text: str, more: str, expected: Mapping[str, Any], path: Path) -> str:
    """The text of `pyproject.toml` with more at its end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.rstrip() and text.rstrip() + newline * 2
    text += more.replace("\n", newline)
    if parse_toml(text) != expected:
        raise ConfigError(
            f"Cannot add to `{path}`, whose `tool` tables are written inline; paste the tables there"
        )
    # the project's own name and version make no difference here
    parse_table(expected["tool"]["mar"], name=lambda: "name", version=lambda: "0")
    return text


def refuse_conflicts(mar: Mapping[str, Any], tables: Tables) -> None:
    faults = []
    for array, several in tables.items():
        present = mar.get(array, [])
        if not isinstance(present, list) or not all(isinstance(table, dict) for table in present):
            raise ConfigError(f"Field `{TABLE}.{array}` must be an array of tables")
        key = NAMES[array]
        names = {table.get(key) for table in present}
        faults += [
            f"Table `{TABLE}.{array}` already has `{table[key]}`; remove or rename one of them"
            for table in several
            if table[key] in names
        ]
    shared = [key for key in mar if key not in NAMES and key not in PROJECT_KEYS]
    archives = tables.get("archives", ())
    if shared and archives and "archives" not in mar:
        raise ConfigError(
            f"Table `{TABLE}` is itself an archive; make it `[[{TABLE}.archives]]`, so that others may follow"
        )
    for table in archives:
        if inherited := [f"`{key}`" for key in shared if key not in table]:
            faults.append(
                f"Archive `{table['model-name']}` would inherit {', '.join(inherited)} from `{TABLE}`,"
                " which its command does not set; move the defaults to the archives that need them"
            )
    if faults:
        raise ConfigError(*faults)


def parse_toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
