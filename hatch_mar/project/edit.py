"""Adds tables of `[tool.mar]` to a project's `pyproject.toml`, keeping its comments and order."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hatch_mar.archive.filesystem.atomic import replace_file
from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.errors import ConfigError
from hatch_mar.project.build_system import Edit, name_builders, require_plugin, why_not_wrapped, wrap
from hatch_mar.project.config.models import MAR, PYPROJECT, TABLE
from hatch_mar.project.config.schema import PROJECT_KEYS
from hatch_mar.project.config.table import parse_table
from hatch_mar.project.config.values import HATCHLING, WRAPPER
from hatch_mar.project.delegate import find_wrapping_faults, name_delegate
from hatch_mar.project.hatch_hook import is_declared, name_hatch_builders
from hatch_mar.project.hatch_settings import HATCH_TOML
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.toml import table_at
from hatch_mar.text import escape_commands, join_steps, quote, quote_each

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


def to_value(value: str | Sequence[str] | Mapping[str, str]) -> str:
    """A TOML string, or an array or an inline table of them. TOML has all the escapes of JSON."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ConfigError(f"TOML cannot hold {quote(value)}, which is not UTF-8; rename it") from None
        text = json.dumps(value, ensure_ascii=False)
        return escape_commands(
            "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in text)
        )
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{to_value(key)} = {to_value(each)}' for key, each in value.items())} }}"
    line = f"[{', '.join(map(to_value, value))}]"
    if len(line) <= 88:
        return line
    return "[\n" + "".join(f"  {to_value(item)},\n" for item in value) + "]"


def add_tables(project: PyProject, tables: Tables, *, buildable: bool = True) -> list[str]:
    """Add archives and workflows to a project; returns a line for each change and for what builds them.

    A `pyproject.toml` that does not exist is created.

    Raises:
        ConfigError: it has such archives already, it would give them other values, or its
            tables are written in a way that nothing can be added to. The file is then as it was.
    """
    refuse_conflicts(table_at(project.pyproject, "tool", "mar"), tables)
    names = [table[NAMES[array]] for array, several in tables.items() for table in several]
    pieces: dict[tuple[str, ...], str] = {
        (*MAR, array): format_tables({array: several}) for array, several in tables.items()
    }
    return add_text(project, pieces, quote_each(names), buildable=buildable)


def add_table(project: PyProject, text: str, *, adopt: bool, buildable: bool = True) -> list[str]:
    """Add `[tool.mar]`, with all that is in it, to a project that does not have it; as `add_tables` does.

    Args:
        adopt: whether a project without `[build-system]` is to become a package, which setuptools builds.
    """
    return add_text(project, {MAR: text}, f"`[{TABLE}]`", buildable=buildable, adopt=adopt)


def add_text(
    project: PyProject,
    pieces: Mapping[tuple[str, ...], str],
    names: str,
    *,
    buildable: bool,
    adopt: bool = False,
) -> list[str]:
    """Add tables, given as text by the key of the first of them, and what makes a build read them."""
    try:
        from hatch_mar.project.toml_text import CannotEdit, TomlText
    except ImportError:
        raise ConfigError("Option `--write` needs tomlkit: pip install 'hatch-mar[cli]'") from None

    path = Path(os.path.realpath(project.root / PYPROJECT))
    original = read_bytes(path).decode() if path.exists() else None
    edits, advice, builder = set_up_build(project, adopt=adopt)

    def paste(text: TomlText) -> None:
        for key, piece in pieces.items():
            text.append(piece, key)

    own = Edit("paste the tables", paste)
    # wrapping a backend sets a key of `[tool.mar]`, whose header must not come again after that
    is_wrapped = table_at(project.pyproject, "build-system").get("build-backend") != HATCHLING
    steps = [own, *edits] if MAR in pieces and is_wrapped else [*edits, own]
    text = TomlText(original or "")
    try:
        for step in steps:
            step.apply(text)
    except CannotEdit as error:
        by_hand = join_steps([*(edit.todo for edit in edits), own.todo])
        fault = f"Cannot edit `{path}`, because {error}; edit it by hand: {by_hand}"
        raise ConfigError(fault, *advice) from None
    # the project's own name and version make no difference here
    parse_table(text.content["tool"]["mar"], name=lambda: "name", version=lambda: "0")
    try:
        replace_file(path, restore_newlines(text.text, original or "").encode())
    except OSError as error:
        raise ConfigError(f"Cannot write `{path}`: {error.strerror or error}") from None

    done = [] if original is not None else [f"Created `{path}`"]
    done += [f"Added {names} to `{path}`", *(edit.done for edit in edits), *advice]
    return [*done, builder] if buildable else done


def set_up_build(project: PyProject, *, adopt: bool = False) -> tuple[list[Edit], list[str], str]:
    """What to change so that the project's build makes its archives.

    Args:
        adopt: whether a project that names no build backend is to become a package.

    Returns:
        The changes, lines on what is left to be done by hand, and a sentence on what then builds
        the archives.
    """
    content = project.pyproject
    backend = table_at(content, "build-system").get("build-backend")
    if backend == HATCHLING:
        edits = require_plugin(content)
        if is_declared(project.hatch):
            return edits, [], name_hatch_builders(project.hatch)
        if project.hatch.file == HATCH_TOML:
            advice = "Add `[build.hooks.mar]` to `hatch.toml`, which overrides `[tool.hatch.build]`"
            return edits, [advice], "`hatch build` then builds the archives"
        return [*edits, enable_hook()], [], "`hatch build` builds the archives"
    if backend == WRAPPER:
        edits = require_plugin(content)
        if faults := [fault.text for fault in find_wrapping_faults(content)]:
            why = "; ".join(faults)
            return edits, [], f"`hatch-mar build` builds the archives, but no other build does: {why}"
        return edits, [], name_builders(name_delegate(content))
    if reason := why_not_wrapped(project.root, content, adopt=adopt):
        return [], [], f"`hatch-mar build` builds the archives, since {reason}"
    return wrap(content), [], name_builders(backend)


def will_make_archives(project: PyProject, *, adopt: bool = False) -> bool:
    """Whether builds of the project make its archives, when that has been set up."""
    backend = table_at(project.pyproject, "build-system").get("build-backend")
    return backend in (HATCHLING, WRAPPER) or not why_not_wrapped(
        project.root, project.pyproject, adopt=adopt
    )


def enable_hook() -> Edit:
    """The table that enables hatchling's build hook."""
    header = f"[{'.'.join(HOOK)}]"
    return Edit(f"add `{header}`", lambda text: text.append(f"{header}\n", HOOK))


def restore_newlines(text: str, original: str) -> str:
    """The edited text with the newlines of the original; what is added ends its lines with LF."""
    if not original or original.count("\r\n") < original.count("\n"):
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


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
