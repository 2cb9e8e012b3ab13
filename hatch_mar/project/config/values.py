"""Readers for the keys of `[tool.mar]`.

Each function takes a TOML value and returns it as the configuration stores it, or raises a
ValueError whose message continues "Field `key` ...".
"""

from __future__ import annotations

import re
from datetime import date, time
from itertools import groupby, islice
from typing import Any

from hatch_mar.archive.manifest import is_deeper_than
from hatch_mar.names import name_fault
from hatch_mar.project.config.reading import (
    DEEPEST,
    MOST_FAULTS,
    VALUE,
    Fault,
    Invalid,
    array_of,
    faults_in,
    string,
    walk,
)
from hatch_mar.project.config.shape import Schema, free_of, restrict, shaped, whole
from hatch_mar.text import shorten

WRAPPER = "hatch_mar.backend"
HATCHLING = "hatchling.build"

HAS_DATE = "must not be a date; make it a string"


@shaped("boolean", {"type": "boolean"})
def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be a boolean")
    return value


CONTROL = r"\x00-\x1f\x7f-\x9f"
BACKSLASH = r"\\"

plain = restrict(string, "string", free_of(CONTROL), "must not have control characters: `{}`")
path = restrict(plain, "path", free_of(CONTROL + BACKSLASH), "must use `/` between folders: `{}`")
paths = array_of(path, "paths")
paths_or_globs = array_of(path, "paths or globs")

PART = rf"\s*[^,\s{BACKSLASH}][^,{BACKSLASH}]*"
COMMA_SEPARATED: Schema = {"type": "string", "pattern": whole(rf"{PART}(?:,{PART})*")}
PATHS_OR_COMMAS = "array of paths or globs, or one string with commas"


@shaped(PATHS_OR_COMMAS, {"anyOf": [paths_or_globs.schema, COMMA_SEPARATED]})
def paths_or_commas(value: object) -> tuple[str, ...]:
    """An array of paths, or one comma-separated string as torch-model-archiver takes."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
        if not all(value):
            raise ValueError("must not have empty paths between its commas")
    if not isinstance(value, list):
        raise ValueError(f"must be an {PATHS_OR_COMMAS}")
    return paths_or_globs(value)


first_path = restrict(
    path,
    "path",
    free_of(rf"{CONTROL}{BACKSLASH}*?\["),
    "must begin with a path, which the manifest names, not with a pattern: `{}`",
)
PATHS: Schema = {
    **paths_or_globs.schema,
    "minItems": 1,
    "items": [first_path.schema],
    "additionalItems": path.schema,
}


@shaped("path, or array of a path and then paths or globs", {"anyOf": [path.schema, PATHS]})
def path_or_paths(value: object) -> str | tuple[str, ...]:
    """A path, or an array of paths and patterns that begins with a path."""
    if isinstance(value, str):
        return path(value)
    if not isinstance(value, list):
        raise ValueError("must be a path, or an array of paths or globs")
    found = paths_or_globs(value)
    if not found:
        raise ValueError("must not be empty; leave it out instead")
    first_path(found[0])
    return found


@shaped("string", {"type": "string"})
def target(value: object) -> str:
    """A name in an archive, where `""` is the root."""
    if not isinstance(value, str):
        raise ValueError("must be a string")
    name = "" if value in ("/", ".", "./") else value.removeprefix("./").removesuffix("/")
    if name and (fault := name_fault(name)):
        raise ValueError(f"{fault}: `{value}`")
    return name


@shaped(
    "table of sources and targets",
    {"type": "object", "propertyNames": path.schema, "additionalProperties": target.schema},
)
def targets(value: object) -> dict[str, str]:
    """`force-include`: sources on disk and their names in the archive."""
    if not isinstance(value, dict):
        raise ValueError("must be a table of sources and targets")
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for source, name in value.items():
        if len(faults) >= MOST_FAULTS:
            break
        try:
            found[path(source)] = target(name)
        except ValueError as error:
            faults += faults_in(error, source)
    if faults:
        raise Invalid(faults)
    return found


def single_dots(first: str, others: str) -> str:
    """A pattern of names that begin with one kind of character, go on with another, and have no `..`."""
    return rf"{first}(?:\.?{others})*\.?"


NAME_RULE = (
    "must begin with a letter, followed by letters, digits, `_`, `-` and `.` (never two dots in a row): `{}`"
)
model_name = restrict(string, "string", single_dots("[A-Za-z0-9]", "[A-Za-z0-9_-]"), NAME_RULE)
"""A letter, then letters, digits, `_`, `-` and `.`; TorchServe refuses `..` (ModelArchive.java).

A name that begins with a digit is accepted here; `checks.configured` reports it.
"""
workflow_name = restrict(string, "string", single_dots("[A-Za-z]", "[A-Za-z0-9_-]"), NAME_RULE)

PLACEHOLDER = r"\{model-name\}|\{version\}"
NAME_PART = rf"(?:[A-Za-z0-9_+-]|{PLACEHOLDER})"

template = restrict(
    string,
    "template",
    rf"(?:[^{{}}]|{PLACEHOLDER})*",
    "may have the placeholders `{model-name}` and `{version}`, and no others: `{}`",
)
archive_name = restrict(
    template,
    "template",
    single_dots(NAME_PART, NAME_PART),
    "must be a file's name without its suffix, of letters, digits, `_`, `-`, `+` and `.` (never two dots in"
    " a row): `{}`",
)

ROOT_RULE = "must be the name of one folder, or `.`: `{}`"
ROOT_PART = rf"(?:[^ /{{}}{CONTROL}{BACKSLASH}]|{PLACEHOLDER})"
one_folder = restrict(string, "template", rf" *{ROOT_PART}(?: |{ROOT_PART})*", ROOT_RULE)


@shaped(one_folder.kind, one_folder.schema)
def archive_root(value: object) -> str:
    text = one_folder(value)
    if text != "." and name_fault(text):
        raise ValueError(ROOT_RULE.replace("{}", text))
    return text


IDENTIFIER = r"(?:[A-Za-z_]|[^\x00-\x7f])(?:[A-Za-z0-9_]|[^\x00-\x7f])*"
handler = restrict(
    path,
    "string",
    rf"{free_of(f':{CONTROL}{BACKSLASH}')}(?::{IDENTIFIER})?",
    "must have a function's name after its colon, as in `handler.py:handle`: `{}`",
)


@shaped(plain.kind, plain.schema)
def version(value: object) -> str:
    text = string(value)
    if not text.isprintable():
        raise ValueError(f"must not have control characters: `{text!r}`")
    return text


DOTTED = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
object_reference = restrict(
    string,
    "`module` or `module:object`",
    rf"{DOTTED}(?::{DOTTED})?",
    "must be a build backend, as `module` or `module:object`: `{}`",
)
NOT_WRAPPED: Schema = {"pattern": rf"^(?:{re.escape(WRAPPER)}|{re.escape(HATCHLING)})(?::|$)"}


@shaped(object_reference.kind, {**object_reference.schema, "not": NOT_WRAPPED})
def build_backend(value: object) -> str:
    """A build backend that `hatch_mar.backend` can wrap, written as in `[build-system]` (PEP 517)."""
    text = object_reference(value)
    module = text.partition(":")[0]
    if module == WRAPPER:
        raise ValueError(
            f"must not be `{WRAPPER}` itself; name the backend that it wraps, such as `setuptools.build_meta`"
        )
    if module == HATCHLING:
        raise ValueError(
            f"must not be `{HATCHLING}`; name that in `build-system.build-backend`, and enable the build hook"
            " with `[tool.hatch.build.hooks.mar]`"
        )
    return text


@shaped("table", {"type": "object", "minProperties": 1, "additionalProperties": True})
def model_config(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    if not value:
        raise ValueError("must not be empty; leave it out instead")
    require_json(value)
    return value


def require_json(value: object) -> None:
    """Refuse a value that has dates, which JSON does not know, or that is nested very deeply.

    Raises:
        ValueError: it is nested too deeply; as an `Invalid`, with the place of each date.
    """
    if is_deeper_than(DEEPEST, value):
        raise ValueError(f"must not be nested more than {DEEPEST} levels deep")
    dates = (path for path, item in walk(value) if isinstance(item, (date, time)))
    if faults := [Fault(VALUE, path, HAS_DATE) for path in islice(dates, MOST_FAULTS)]:
        raise Invalid(faults)


MOST_PATTERNS = 1000
"""Each is compared with every file."""
MOST_STARS, MOST_DOUBLE_STARS = 3, 4
"""In one part of a pattern, and as parts of it. pathspec makes a regular expression of a pattern, whose time
is the length of a name to the power of their number."""


@shaped("string", string.schema)
def pattern(value: object) -> str:
    """A pattern of gitignore(5)."""
    from pathspec import GitIgnoreSpec

    text = string(value)
    parts = [part for part, _ in groupby(text.split("/"))]
    if parts.count("**") > MOST_DOUBLE_STARS or any(
        part.count("*") > MOST_STARS for part in parts if part != "**"
    ):
        raise ValueError(
            f"must not have more than {MOST_STARS} `*` between two slashes, or more than"
            f" {MOST_DOUBLE_STARS} `**`: `{shorten(text)}`"
        )
    try:
        GitIgnoreSpec.from_lines([text])
    except ValueError:
        raise ValueError(f"is not a pattern that git would take: `{text}`") from None
    return text


@shaped(
    "path, or JSON",
    {"type": ["string", "number", "boolean", "array", "object"], "additionalProperties": True},
)
def json_value(value: object) -> object:
    require_json(value)
    return value


@shaped("path, or table", {"type": ["string", "object"], "additionalProperties": True})
def schema_or_path(value: object) -> object:
    if not isinstance(value, (str, dict)):
        raise ValueError("must be a path or a table")
    return json_value(value)


requirements_source = restrict(
    string,
    "string",
    r"dependencies|(?:optional-dependencies|dependency-groups)\.[^\n]+",
    "must be `dependencies`, `optional-dependencies.NAME` or `dependency-groups.NAME`: `{}`",
)
distribution = restrict(
    string,
    "string",
    "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?",
    "must be the name of a distribution, such as `torchvision`: `{}`",
)
code = restrict(string, "string", "MAR[0-9]{3}", "must be a check's code, such as `MAR203`: `{}`")
codes = array_of(code, "codes")
patterns = array_of(pattern, "gitignore patterns", MOST_PATTERNS)
names = array_of(string, "names")
requirements_sources = array_of(requirements_source, "sources")
distributions = array_of(distribution, "distributions")
