"""Readers of TOML values, which validate a value and locate what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from hatch_mar.finding import Finding, Key, Place, Rule, dotted_key, field
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.project.config.shape import ShapedReader, shaped
from hatch_mar.text import did_you_mean, quote_each

UNKNOWN = Rule(
    code="MAR003",
    severity="error",
    title="A field is unknown",
    consequence="a misspelled key would be silently ignored",
    fix="correct the name, or remove the field",
)
VALUE = Rule(
    code="MAR004",
    severity="error",
    title="A field has an invalid value",
    consequence="the archive cannot be built",
    fix="give it a value of its type; `hatch-mar schema` shows the types and meanings of all keys",
)
REQUIRED = Rule(
    code="MAR005",
    severity="error",
    title="A required field is missing",
    consequence="the archive cannot be built",
    fix="set it",
)

Item = TypeVar("Item")

DEEPEST = 50
"""Levels of tables and arrays that a value may have."""
MOST_ITEMS = 10_000
"""Items of an array."""
MOST_FAULTS = 100
"""Faults that are reported at once. Whoever has more fixes these first."""

Reader = Callable[[object], Any]
"""Takes a TOML value and returns it as the configuration stores it.

It raises a ValueError whose message continues "Field `key` ..." and may end with a fix, after
a semicolon; or an `Invalid`, which locates each fault within the value.
"""


class Fault(NamedTuple):
    """What is wrong with a value, or with an item of it."""

    rule: Rule
    path: Key
    """The item's key within the value."""
    text: str
    """The sentence after "Field `key`"; for an unknown field, the fix."""

    def at(self, place: Place) -> Finding:
        """The finding, where `place` is the value's."""
        found = place.within(*self.path)
        if self.rule is UNKNOWN:
            return UNKNOWN.at(found, f"Unknown field `{dotted_key(found.key)}`", self.text)
        message, _, fix = self.text.partition("; ")
        where = "" if found.file in (None, PYPROJECT) else f" in `{found.file}`"
        return self.rule.at(found, f"{field(found.key)}{where} {message}", fix)


class Invalid(ValueError):
    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)


def faults_in(error: ValueError, *path: str | int) -> list[Fault]:
    """The faults that a reader raised for the item at `path`."""
    faults = error.faults if isinstance(error, Invalid) else (Fault(VALUE, (), str(error)),)
    return [fault._replace(path=(*path, *fault.path)) for fault in faults]


def read_keys(
    table: Mapping[str, Any],
    keys: Mapping[str, Reader],
    *,
    required: Mapping[str, str] = {},
    others: Collection[str] = (),
) -> tuple[dict[str, Any], list[Fault]]:
    """The valid values of a table, and what is wrong with the others.

    `required` maps keys that must be set to the message if they are not; `others` are known
    keys that are read elsewhere.
    """
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in table.items():
        if len(faults) >= MOST_FAULTS:
            break
        if key not in keys:
            faults.append(Fault(UNKNOWN, (key,), did_you_mean(key, (*keys, *others))))
            continue
        try:
            found[key] = keys[key](value)
        except ValueError as error:
            faults += faults_in(error, key)
    faults += [Fault(REQUIRED, (key,), text) for key, text in required.items() if key not in table]
    return found, faults


def walk(value: object, levels: int = DEEPEST) -> Iterator[tuple[Key, object]]:
    """A value and what is inside its tables and arrays, so many levels deep, each with its key within it."""
    yield (), value
    if not levels:
        return
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from (((key, *path), inner) for path, inner in walk(item, levels - 1))


@shaped("string", {"type": "string", "pattern": r"\S"})
def string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def array_of(read: ShapedReader[Item], noun: str, most: int = MOST_ITEMS) -> ShapedReader[tuple[Item, ...]]:
    """A reader of arrays of at most so many items; `noun` is the plural for these."""

    @shaped(f"array of {noun}", {"type": "array", "items": read.schema, "maxItems": most})
    def read_array(value: object) -> tuple[Item, ...]:
        if not isinstance(value, list):
            raise ValueError(f"must be an array of {noun}")
        if len(value) > most:
            raise ValueError(f"must not have more than {most} {noun}")
        items: list[Item] = []
        faults: list[Fault] = []
        for number, item in enumerate(value):
            if len(faults) >= MOST_FAULTS:
                break
            try:
                items.append(read(item))
            except ValueError as error:
                faults += faults_in(error, number)
        if faults:
            raise Invalid(faults)
        return tuple(items)

    return read_array


def one_of(*choices: str) -> ShapedReader[str]:
    """A reader of strings that takes only these."""
    listed = quote_each(choices)

    @shaped(listed, {"type": "string", "enum": [*choices]})
    def read_choice(value: object) -> str:
        if string(value) not in choices:
            raise ValueError(f"must be one of {listed}: `{value}`")
        return str(value)

    return read_choice
