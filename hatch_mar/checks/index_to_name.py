"""`index_to_name.json`: the labels that `BaseHandler` loads for a model's classes.

pytorch/serve, ts/utils/util.py (`load_label_mapping`, `map_class_to_label`) and
ts/torch_handler/base_handler.py: the file is read only at the archive's root, and a label is
looked up by the class's number in decimal digits. A handler that takes nothing from
`ts.torch_handler` may read what it likes, so its file is not checked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from hatch_mar.archive.archive import Member
from hatch_mar.budget import JSON
from hatch_mar.checks.handler_facts import built_in, imported_built_ins
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.text import line_at, shorten
from hatch_mar.torchserve import runtimes
from hatch_mar.torchserve.handlers import BuiltIn

NAME = "index_to_name.json"

NESTED = Rule(
    code="MAR701",
    severity="warning",
    title="`index_to_name.json` is not at the archive's root",
    consequence="TorchServe's handlers do not read it, and answer with numbers instead of names",
    fix="move it to the archive's root, for example with `extra-files`",
)
ENCODING = Rule(
    code="MAR702",
    title="`index_to_name.json` is not UTF-8 without a byte order mark",
    consequence="the worker dies with `UnicodeDecodeError` or `JSONDecodeError`",
    fix="save the file as UTF-8, without a byte order mark",
)
SYNTAX = Rule(
    code="MAR703",
    title="`index_to_name.json` is not JSON",
    consequence="the worker dies with `JSONDecodeError`",
    fix="fix the file",
)
OBJECT = Rule(
    code="MAR704",
    title="`index_to_name.json` is not an object",
    consequence='the worker dies with `index->name JSON mapping should be in "class": "label" format`',
    fix='write `{"0": "name", "1": "name"}`',
)
LABEL = Rule(
    code="MAR705",
    title="A label of `index_to_name.json` is not a string",
    consequence="the worker dies with `labels in index->name mapping must be either str or List[str]`",
    fix="make every label a string, or a list that ends with one",
)
KEY = Rule(
    code="MAR706",
    severity="warning",
    title="A key of `index_to_name.json` is not a class number",
    consequence="its label is never used, and an answer of a class without a label fails with `KeyError`",
    fix='use the class numbers `"0"`, `"1"` and so on',
)
GAP = Rule(
    code="MAR707",
    severity="warning",
    title="A class has no label in `index_to_name.json`",
    consequence="a request that the model answers with this class fails with `KeyError`",
    fix="give every class a label, from `0` on",
)
DUPLICATE = Rule(
    code="MAR708",
    severity="warning",
    title="A class has two labels in `index_to_name.json`",
    consequence="only the last one counts",
    fix="keep one of them",
)
UNCHECKED = Rule(
    code="MAR709",
    severity="warning",
    title="`index_to_name.json` is too long to be checked",
    consequence="faults in it are not found",
    fix="move other data to another file",
)

LABELS_LIST = "object_type_names"
"""The form of older examples: a list of labels under this key, which is not checked further."""


def check(subject: Subject) -> Iterator[Finding]:
    built_ins = involved_built_ins(subject)
    is_read = any(each.loads_as_base_handler for each in built_ins)
    if not is_read or subject.manifest.runtime == runtimes.CPP:
        return
    if NAME in subject.members:
        looked_up = any(each.looks_up_labels for each in built_ins)
        yield from check_labels(subject, subject.members[NAME], looked_up=looked_up)
        return
    for name, member in subject.members.items():
        if name.endswith(f"/{NAME}"):
            yield NESTED.at(subject.place(member), f"TorchServe does not read `{name}`")


def involved_built_ins(subject: Subject) -> list[BuiltIn]:
    """TorchServe's handler that the archive names, or those that the archive's own handler imports."""
    own = built_in(subject)
    return [own] if own else imported_built_ins(subject)


class Pairs(NamedTuple):
    """A JSON object with all its keys, including those that it has twice."""

    items: list[tuple[str, Any]]


def check_labels(subject: Subject, member: Member, *, looked_up: bool) -> Iterator[Finding]:
    place, data = subject.place(member), subject.text(member)
    if len(data) == LARGEST_TEXT:
        yield UNCHECKED.at(
            place, f"`{NAME}` has more than {LARGEST_TEXT} bytes, which is too many to be checked"
        )
        return
    subject.budget.spend(JSON, len(data))
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            yield ENCODING.at(place, f"`{NAME}` begins with a byte order mark")
            return
        labels = json.loads(text, object_pairs_hook=Pairs)
    except json.JSONDecodeError as error:
        message = f"`{NAME}` is not JSON: {error.msg}"
        yield SYNTAX.at(subject.place(member, line_at(text, error.pos)), message)
    except UnicodeDecodeError as error:
        yield ENCODING.at(place, f"`{NAME}` is not UTF-8: {error.reason}")
    except (ValueError, RecursionError) as error:
        # a number of thousands of digits, or too much nesting
        yield SYNTAX.at(place, f"`{NAME}` cannot be read: {error}")
    else:
        for rule, message in find_label_faults(labels, looked_up=looked_up):
            yield rule.at(place, message)


def find_label_faults(labels: object, *, looked_up: bool) -> Iterator[tuple[Rule, str]]:
    if not isinstance(labels, Pairs):
        kind = "a list" if isinstance(labels, list) else "one value"
        yield OBJECT, f"`{NAME}` must be an object, not {kind}"
        return
    found = dict(labels.items)
    if isinstance(found.get(LABELS_LIST), list):
        return
    if unnamed := [key for key, label in found.items() if not is_label(label)]:
        yield LABEL, f"`{NAME}` has neither a string nor a list that ends with one for {list_keys(unnamed)}"
    if len(found) < len(labels.items):
        twice = [key for key, count in Counter(key for key, _ in labels.items).items() if count > 1]
        yield DUPLICATE, f"`{NAME}` has more than one label for {list_keys(twice)}"
    if looked_up:
        yield from find_key_faults(found)


def is_label(label: object) -> bool:
    return isinstance(label[-1] if isinstance(label, list) and label else label, str)


def find_key_faults(found: dict[str, Any]) -> Iterator[tuple[Rule, str]]:
    numbers = {key for key in found if key.isascii() and key.isdigit() and str(int(key[:20])) == key}
    if foreign := [key for key in found if key not in numbers]:
        yield KEY, f"`{NAME}` has keys that are not class numbers: {list_keys(foreign)}"
    elif gaps := [str(number) for number in range(len(found)) if str(number) not in numbers]:
        yield GAP, f"`{NAME}` has {len(found)} labels, but none for {list_keys(gaps)}"


def list_keys(keys: list[str]) -> str:
    shown = ", ".join(f"`{shorten(key, 30)}`" for key in keys[:3])
    return f"{shown} and {len(keys) - 3} more" if len(keys) > 3 else shown
