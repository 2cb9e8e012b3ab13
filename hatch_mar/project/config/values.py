"""What a key of `[tool.mar]` may hold.

Each function takes a TOML value and gives it as the configuration keeps it, or raises a
ValueError whose message goes on from "Field `key` ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from hatch_mar.names import unsafe
from hatch_mar.project.config.models import TOLERANCE, Example


def string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be a boolean")
    return value


def one_of(*choices: str) -> Callable[[object], str]:
    def choice(value: object) -> str:
        if string(value) not in choices:
            raise ValueError(f"must be one of {', '.join(f'`{known}`' for known in choices)}: `{value}`")
        return str(value)

    return choice


def array_of(read: Callable[[object], str], noun: str) -> Callable[[object], tuple[str, ...]]:
    def array(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValueError(f"must be an array of {noun}s")
        for number, item in enumerate(value, start=1):
            try:
                read(item)
            except ValueError as error:
                raise ValueError(f"must be an array of {noun}s; {noun} #{number} {error}") from None
        return tuple(value)

    return array


def path(value: object) -> str:
    text = string(value)
    if "\\" in text:
        raise ValueError(f"must use `/` between folders: `{text}`")
    return text


def paths_or_commas(value: object) -> tuple[str, ...]:
    """An array of paths, or torch-model-archiver's one string with commas."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
        if not all(value):
            raise ValueError("must not have empty paths between its commas")
    if not isinstance(value, list):
        raise ValueError("must be an array of strings, or one string with commas")
    return paths(value)


def targets(value: object) -> dict[str, str]:
    """`force-include`: sources on disk and their names in the archive, `""` being its root."""
    if not isinstance(value, dict):
        raise ValueError("must be a table of sources and targets")
    found = {}
    for source, target in value.items():
        path(source)
        if not isinstance(target, str):
            raise ValueError(f"must be a table of sources and targets; target of `{source}` must be a string")
        found[source] = "" if target in ("/", ".", "./") else target.removeprefix("./").removesuffix("/")
        if found[source] and (fault := unsafe(found[source])):
            raise ValueError(f"has a target that {fault}: `{target}`")
    return found


def braces(template: str) -> bool:
    """Whether a template has placeholders that nothing fills in."""
    bare = template.replace("{model-name}", "").replace("{version}", "")
    return "{" in bare or "}" in bare


def archive_name(value: object) -> str:
    text = string(value)
    bare = text.replace("{model-name}", "").replace("{version}", "")
    if braces(text):
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
    if text != "." and (unsafe(text) or "/" in text or braces(text)):
        raise ValueError(f"must be the name of one folder, or `.`: `{text}`")
    return text


def model_name(value: object) -> str:
    """A letter, then letters, digits, `_`, `-` and `.`; TorchServe refuses `..` (ModelArchive.java)."""
    text = string(value)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", text) or ".." in text:
        raise ValueError(
            "must begin with a letter, followed by letters, digits, `_`, `-` and `.`"
            f" (never two dots in a row): `{text}`"
        )
    return text


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
    """The inline model configuration."""
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    if not value:
        raise ValueError("must not be empty; leave it out instead")
    refuse_dates(value, "")
    return value


def refuse_dates(value: object, place: str) -> None:
    if isinstance(value, (date, time)):
        raise ValueError(
            f"has a date at `{place}`, which TorchServe's configuration cannot hold; make it a string"
        )
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        refuse_dates(item, f"{place}.{key}".removeprefix("."))


def requirements_source(value: object) -> str:
    text = string(value)
    kind, dot, name = text.partition(".")
    if (kind, dot) == ("dependencies", "") or (
        kind in ("optional-dependencies", "dependency-groups") and name
    ):
        return text
    raise ValueError(
        f"must be `dependencies`, `optional-dependencies.NAME` or `dependency-groups.NAME`: `{text}`"
    )


def code(value: object) -> str:
    text = string(value)
    if not re.fullmatch(r"MAR[0-9]{3}", text):
        raise ValueError(f"must be a check's code, such as `MAR203`: `{text}`")
    return text


def examples(value: object) -> tuple[Example, ...]:
    if not isinstance(value, list):
        raise ValueError("must be an array of tables")
    return tuple(example(number, table) for number, table in enumerate(value, start=1))


def example(number: int, table: object) -> Example:
    known = ("input", "content-type", "expect", "expect-schema", "tolerance")
    if not isinstance(table, dict):
        raise ValueError(f"must be an array of tables; example #{number} is none")
    if unknown := [key for key in table if key not in known]:
        listed = ", ".join(f"`{key}`" for key in known)
        raise ValueError(
            f"has an unknown key `{unknown[0]}` in example #{number}; an example may have {listed}"
        )
    if "input" not in table:
        raise ValueError(f"needs an `input` in example #{number}: a file's path, or JSON")
    tolerance = table.get("tolerance", TOLERANCE)
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or tolerance < 0:
        raise ValueError(f"must have a number of 0 or more as the `tolerance` of example #{number}")
    if not isinstance(table.get("content-type", ""), str):
        raise ValueError(f"must have a string as the `content-type` of example #{number}")
    refuse_dates(table, f"example #{number}")
    return Example(**{key.replace("-", "_"): item for key, item in table.items()})


paths = array_of(path, "path")
codes = array_of(code, "code")
patterns = array_of(string, "pattern")
requirements_sources = array_of(requirements_source, "source")
