"""A key that a table may have: how it is read, and what people and editors are told of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from hatch_mar.project.config.models import TABLE, field_of
from hatch_mar.project.config.reading import MOST_FAULTS, VALUE, Fault, Invalid, faults_in, read_keys
from hatch_mar.project.config.shape import Schema, ShapedReader, shaped, whole

Made = TypeVar("Made")

MOST_TABLES = 1000
"""Archives, and workflows, of one project."""

NAME = "[A-Za-z0-9_-]+"
"""What can be told from a path and from a URL."""


class Setting(NamedTuple):
    """What is known of a key."""

    read: ShapedReader[Any]
    meaning: str
    """In Markdown. The first sentence stands by itself."""
    unset: str = ""
    """What applies if the key is not set, in words, where no value says it."""
    default: Any = None
    """The value that applies if the key is not set, as TOML has it."""
    required: str = ""
    """The message if the key is not set, of one that its table must have."""

    @property
    def kind(self) -> str:
        """The type of its values, in Markdown: "array of paths"."""
        return self.read.kind

    @property
    def summary(self) -> str:
        """The first sentence of its meaning, without the full stop."""
        return self.meaning.split(". ")[0].removesuffix(".")

    @property
    def schema(self) -> Schema:
        """Its meaning, values and default as JSON Schema (draft-07)."""
        default = {} if self.default is None else {"default": self.default}
        return {"description": self.meaning, **self.read.schema, **default}


Settings = Mapping[str, Setting]
Pairs = Sequence[tuple[str, str]]
"""Pairs of keys of which only one may be set."""


def with_defaults(fields: Mapping[str, Any], settings: Settings) -> Settings:
    """The settings with the defaults of a configuration's fields."""
    return {key: each._replace(default=as_toml(fields.get(field_of(key)))) for key, each in settings.items()}


def as_toml(value: object) -> object:
    """A value of a configuration as a TOML reader would return it."""
    if isinstance(value, tuple):
        return [*value]
    return {**value} if isinstance(value, Mapping) else value


def read_settings(
    table: Mapping[str, Any], settings: Settings, *, others: Collection[str] = ()
) -> tuple[dict[str, Any], list[Fault]]:
    """The valid values of a table, and what is wrong with the others (`read_keys`)."""
    readers = {key: each.read for key, each in settings.items()}
    required = {key: each.required for key, each in settings.items() if each.required}
    return read_keys(table, readers, required=required, others=others)


def table_of(make: Callable[..., Made], settings: Settings) -> ShapedReader[Made]:
    """A reader of tables with such keys, which makes something of their values."""

    @shaped("table", table_schema(settings))
    def read_table(value: object) -> Made:
        if not isinstance(value, dict):
            raise ValueError("must be a table")
        found, faults = read_settings(value, settings)
        if faults:
            raise Invalid(faults)
        return make(**{field_of(key): item for key, item in found.items()})

    return read_table


def one_or_table(
    read: ShapedReader[str], key: str, make: Callable[..., Made], settings: Settings
) -> ShapedReader[Made]:
    """A reader of tables with such keys, or of the value of one key alone."""
    read_table = table_of(make, settings)

    @shaped(f"{read.kind}, or table", {"anyOf": [read.schema, read_table.schema]})
    def read_either(value: object) -> Made:
        if isinstance(value, dict):
            return read_table(value)
        if not isinstance(value, str):
            raise ValueError(f"must be a {read.kind}, or a table")
        return make(**{field_of(key): read(value)})

    return read_either


def table_by_name(read: ShapedReader[Made]) -> ShapedReader[dict[str, Made]]:
    """A reader of tables whose keys are names, each of a value that `read` takes."""
    schema = {
        "type": "object",
        "propertyNames": {"pattern": whole(NAME)},
        "additionalProperties": read.schema,
    }

    @shaped("table by name", schema)
    def read_names(value: object) -> dict[str, Made]:
        if not isinstance(value, dict):
            raise ValueError("must be a table")
        found: dict[str, Made] = {}
        faults: list[Fault] = []
        for name, item in value.items():
            if len(faults) >= MOST_FAULTS:
                break
            try:
                if not re.fullmatch(NAME, name):
                    raise ValueError("must have a name of letters, digits, `_` and `-`")
                found[name] = read(item)
            except ValueError as error:
                faults += faults_in(error, name)
        if faults:
            raise Invalid(faults)
        return found

    return read_names


def distinct(read: ShapedReader[tuple[Made, ...]], key: str) -> ShapedReader[tuple[Made, ...]]:
    """A reader of arrays of tables of which no two have the same value of a key."""

    @shaped(read.kind, read.schema)
    def read_distinct(value: object) -> tuple[Made, ...]:
        found = read(value)
        first: dict[str, int] = {}
        for number, item in enumerate(found):
            same = first.setdefault(getattr(item, field_of(key)), number)
            if same != number:
                text = f"is also that of table {same}; remove one of them"
                raise Invalid([Fault(VALUE, (number, key), text)])
        return found

    return read_distinct


def tables_of(
    settings: Settings, key: str, name_key: str, one_of_two: Pairs = ()
) -> ShapedReader[list[object]]:
    """A reader of an array of tables with such keys, each of which is still to be read.

    `key` is the array's in `[tool.mar]`, and `name_key` the one that names a table.
    """
    schema = {
        "type": "array",
        "items": table_schema(settings, one_of_two),
        "minItems": 1,
        "maxItems": MOST_TABLES,
    }

    @shaped("array of tables", schema)
    def read_tables(value: object) -> list[object]:
        if isinstance(value, dict):
            names = [name for name, table in value.items() if isinstance(table, dict)]
            named = f' with `{name_key} = "{names[0]}"`' if names else ""
            raise ValueError(f"must be an array of tables; write `[[{TABLE}.{key}]]`{named}")
        if not isinstance(value, list) or not value:
            raise ValueError("must be an array with at least one table")
        if len(value) > MOST_TABLES:
            raise ValueError(f"must not have more than {MOST_TABLES} tables")
        return value

    return read_tables


def table_schema(settings: Settings, one_of_two: Pairs = ()) -> Schema:
    """The JSON Schema of a table with such keys, of which only one of each pair may be set."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: setting.schema for key, setting in settings.items()},
        "additionalProperties": False,
    }
    if required := [key for key, setting in settings.items() if setting.required]:
        schema["required"] = required
    if pairs := [pair for pair in one_of_two if settings.keys() >= {*pair}]:
        schema["dependencies"] = {one: {"properties": {other: False}} for one, other in pairs}
    return schema
