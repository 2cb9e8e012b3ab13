"""A key that a table may have: how it is read, and what people and editors are told of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from hatch_mar.project.config.models import field_of
from hatch_mar.project.config.reading import Fault, Invalid, read_keys
from hatch_mar.project.config.shape import Schema, Shaped, shaped

Made = TypeVar("Made")


class Setting(NamedTuple):
    """What is known of a key."""

    read: Shaped[Any]
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


def table_of(make: Callable[..., Made], settings: Settings) -> Shaped[Made]:
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


def table_schema(settings: Settings, one_of_two: Sequence[tuple[str, str]] = ()) -> Schema:
    """The JSON Schema of a table with such keys, of which only one of each pair may be set."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: setting.schema for key, setting in settings.items()},
        "additionalProperties": False,
    }
    if required := [key for key, setting in settings.items() if setting.required]:
        schema["required"] = required
    if pairs := [pair for pair in one_of_two if settings.keys() >= {*pair}]:
        schema["allOf"] = [{"not": {"required": [*pair]}} for pair in pairs]
    return schema
