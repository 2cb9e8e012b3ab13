"""Readers for the keys of `[tool.mar]`.

Each function takes a TOML value and returns it as the configuration stores it, or raises a
ValueError whose message continues "Field `key` ...".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from glob import has_magic
from itertools import groupby, islice
from typing import Any

from hatch_mar.archive.manifest import is_deeper_than
from hatch_mar.names import name_fault
from hatch_mar.project.config.models import Example
from hatch_mar.project.config.reading import (
    DEEPEST,
    MOST_FAULTS,
    VALUE,
    Fault,
    Invalid,
    Reader,
    array_of,
    faults_in,
    matching,
    read_keys,
    string,
    walk,
)
from hatch_mar.text import shorten

NAME_RULE = (
    "must begin with a letter, followed by letters, digits, `_`, `-` and `.` (never two dots in a row): `{}`"
)
WRAPPER = "hatch_mar.backend"
HATCHLING = "hatchling.build"

HAS_DATE = "must not be a date; make it a string"


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be a boolean")
    return value


def path(value: object) -> str:
    text = string(value)
    if re.search(r"[\x00-\x1f\x7f-\x9f]", text):
        raise ValueError(f"must not have control characters: `{text}`")
    if "\\" in text:
        raise ValueError(f"must use `/` between folders: `{text}`")
    return text


def build_backend(value: object) -> str:
    """A build backend that `hatch_mar.backend` can wrap, written as in `[build-system]` (PEP 517)."""
    text = string(value)
    dotted = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
    if not re.fullmatch(rf"{dotted}(?::{dotted})?", text, re.ASCII):
        raise ValueError(f"must be a build backend, as `module` or `module:object`: `{text}`")
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


def paths_or_commas(value: object) -> tuple[str, ...]:
    """An array of paths, or one comma-separated string as torch-model-archiver takes."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
        if not all(value):
            raise ValueError("must not have empty paths between its commas")
    if not isinstance(value, list):
        raise ValueError("must be an array of strings, or one string with commas")
    return paths(value)


def path_or_paths(value: object) -> str | tuple[str, ...]:
    """A path, or an array of paths and patterns that begins with a path."""
    if isinstance(value, str):
        return path(value)
    if not isinstance(value, list):
        raise ValueError("must be a string, or an array of strings")
    found = paths(value)
    if not found:
        raise ValueError("must not be empty; leave it out instead")
    if has_magic(found[0]):
        raise ValueError(
            f"must begin with a path, which the manifest names, not with a pattern: `{found[0]}`"
        )
    return found


def targets(value: object) -> dict[str, str]:
    """`force-include`: sources on disk and their names in the archive, where `""` is the root."""
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


def target(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    name = "" if value in ("/", ".", "./") else value.removeprefix("./").removesuffix("/")
    if name and (fault := name_fault(name)):
        raise ValueError(f"{fault}: `{value}`")
    return name


def without_placeholders(template: str) -> str:
    return template.replace("{model-name}", "").replace("{version}", "")


def archive_name(value: object) -> str:
    text = string(value)
    bare = without_placeholders(text)
    if "{" in bare or "}" in bare:
        raise ValueError(
            f"may have the placeholders `{{model-name}}` and `{{version}}`, and no others: `{text}`"
        )
    if not re.fullmatch(r"[A-Za-z0-9_.+-]*", bare) or ".." in text or text.startswith("."):
        raise ValueError(
            f"must be a file's name without its suffix, of letters, digits, `_`, `-`, `+` and `.`: `{text}`"
        )
    return text


def archive_root(value: object) -> str:
    text = string(value)
    bare = without_placeholders(text)
    if text != "." and (name_fault(text) or "/" in text or "{" in bare or "}" in bare):
        raise ValueError(f"must be the name of one folder, or `.`: `{text}`")
    return text


def model_name(value: object) -> str:
    """A letter, then letters, digits, `_`, `-` and `.`; TorchServe refuses `..` (ModelArchive.java).

    A name that begins with a digit is accepted here; `checks.configured` reports it.
    """
    text = string(value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", text) or ".." in text:
        raise ValueError(NAME_RULE.format(text))
    return text


def workflow_name(value: object) -> str:
    if model_name(value)[0].isdigit():
        raise ValueError(NAME_RULE.format(value))
    return str(value)


def handler(value: object) -> str:
    text = path(value)
    file, colon, function = text.partition(":")
    if not file or (colon and not function.isidentifier()):
        raise ValueError(f"must have a function's name after its colon, as in `handler.py:handle`: `{text}`")
    return text


def version(value: object) -> str:
    text = string(value)
    if not text.isprintable():
        raise ValueError(f"must not have control characters: `{text!r}`")
    return text


def model_config(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    if not value:
        raise ValueError("must not be empty; leave it out instead")
    refuse_dates(value)
    return value


def refuse_dates(value: object) -> None:
    """
    Raises:
        Invalid: with the place of each date in a table or an array.
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


def tolerance(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError("must be a number of at least 0")
    return value


def json_value(value: object) -> object:
    refuse_dates(value)
    return value


EXAMPLE_KEYS: Mapping[str, Reader] = {
    "input": json_value,
    "content-type": string,
    "expect": json_value,
    "expect-schema": json_value,
    "tolerance": tolerance,
}


def example(value: object) -> Example:
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    found, faults = read_keys(value, EXAMPLE_KEYS, required={"input": "is required: a file's path, or JSON"})
    if faults:
        raise Invalid(faults)
    return Example(**{key.replace("-", "_"): item for key, item in found.items()})


requirements_source = matching(
    r"dependencies|(?:optional-dependencies|dependency-groups)\..+",
    "`dependencies`, `optional-dependencies.NAME` or `dependency-groups.NAME`",
)
distribution = matching(
    "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", "the name of a distribution, such as `torchvision`"
)
code = matching("MAR[0-9]{3}", "a check's code, such as `MAR203`")
paths = array_of(path, "paths")
codes = array_of(code, "codes")
patterns = array_of(pattern, "patterns", MOST_PATTERNS)
names = array_of(string, "names")
requirements_sources = array_of(requirements_source, "sources")
distributions = array_of(distribution, "distributions")
examples = array_of(example, "tables")
