"""YAML that makes Python objects: the tags `!!python/…` of PyYAML (yaml/constructor.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hatch_mar.budget import YAML, Budget
from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import View

PREFIX = "tag:yaml.org,2002:python/"
MAKING = ("object/apply:", "object/new:", "object:", "name:", "module:")
"""The tags that name what they import. The others make numbers, texts and tuples."""
LOADER = "yaml.unsafe_load"
SUFFIXES = (".yaml", ".yml")
LARGEST_READ, LARGEST_NAMED = 4 << 20, 64 << 20
"""Bytes that are read of a text, and of one that has the name of YAML."""
LARGEST_PARSED, LARGEST_PARSED_SLOWLY = 4 << 20, 1 << 15
"""Bytes of a document that libyaml parses, and the parser in Python. Of more than that, and of what libyaml
refuses, only the usual ways to write a tag are found."""
MOST_PREFIXES = 1000
"""`%TAG` lines that libyaml parses, in a time that grows with their square."""
SLOWER = 18
"""How many times as long as libyaml the parser in Python may take."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The marks of the encoding that PyYAML reads besides UTF-8."""
SUSPICIOUS = re.compile(rb"%TAG +!|![!<][\w:/.,]*(?:python/|%[0-9A-Fa-f]{2})")
"""What every such tag has in it, or the document before it.

No tag is looked at twice, since none has another `!` in it: time grows with the bytes, not their square.
"""
START = rb"(?:^|[\s\[{,:\x85\xa8\xa9\xbf])!"
"""A tag begins behind a blank or a sign. The last bytes end Unicode's line breaks and its mark."""
TAG = re.compile(START + rb"(?:!|<tag:yaml\.org,2002:)python/((?:object|name|module)[\w/]*:[\w.]*)")
RENAMED = re.compile(rb"%TAG +!|" + START + rb"[!<][\w:/.,]*%[0-9A-Fa-f]{2}")
"""A prefix with a name of its own, or a tag with a character that is written by its number."""


def find_tagged(view: View, name: str) -> tuple[Loading, ...]:
    """What an unsafe loader would import for the tags of a YAML file; nothing for any other file.

    JSON is YAML too, and so is much text: only a file with such a tag is parsed, whatever its name.
    """
    if b"\0" in decode(view.read(0, 1024)):
        return ()
    most = LARGEST_NAMED if name.lower().endswith(SUFFIXES) else LARGEST_READ
    # PyYAML stops at a NUL, when the documents before it have been made
    data, _, _ = decode(view.read(0, most)).partition(b"\0")
    if not SUSPICIOUS.search(data):
        return ()
    tags, unknown = parse_tags(data, view.budget), ""
    if tags is None:
        # a tag with a number in it is cut off there, and its name is not the one that is imported
        found = (tag for tag in TAG.finditer(data) if data[tag.end() : tag.end() + 1] != b"%")
        tags = [tag[1].decode("ascii") for tag in found if tag[1].isascii()]
        unknown = "it names tags in its own way, in more than is parsed" if RENAMED.search(data) else ""
    pairs = dict.fromkeys(pair for tag in tags if (pair := imported_by(tag)))
    return (Loading(LOADER, globals=tuple(pairs), unknown=unknown),) if pairs or unknown else ()


def decode(data: bytes) -> bytes:
    """A document in UTF-8, whichever encoding it has."""
    encoding = "utf-16" if data.startswith(UTF_16) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        # cut off; or in an encoding that its reader knows of, whose tags are in ASCII all the same
        text = data.decode(encoding if encoding == "utf-16" else "latin-1", "replace")
    return text.encode("utf-8", "replace")


def parse_tags(data: bytes, budget: Budget) -> list[str] | None:
    """The tags of PyYAML in a text, without the part that all have; None if no parser tells.

    There are unsafe loaders of two parsers, which take tabs differently.
    """
    import yaml

    tags: list[str] = []
    is_told = False
    if len(data) <= LARGEST_PARSED_SLOWLY:
        is_told = True
        budget.spend(YAML, SLOWER * len(data))
        with suppress(yaml.YAMLError):
            tags.extend(list_tags(data, yaml.Loader))
    is_small = len(data) <= LARGEST_PARSED and data.count(b"%TAG") <= MOST_PREFIXES
    if is_small and yaml.__with_libyaml__:
        budget.spend(YAML, len(data))
        with suppress(yaml.YAMLError):
            tags.extend(list_tags(data, yaml.CLoader))
            is_told = True
    return tags if is_told else None


def list_tags(data: bytes, parser: Any) -> Iterator[str]:
    """The tags of a text's documents. One that is at fault makes nothing, but those before it do.

    Raises:
        yaml.YAMLError: one is at fault.
    """
    import yaml

    tags: list[str] = []
    for event in yaml.parse(data, parser):
        if isinstance(event, yaml.DocumentEndEvent):
            yield from tags
            tags.clear()
        tag = getattr(event, "tag", None)
        if isinstance(tag, str) and tag.startswith(PREFIX):
            tags.append(tag.removeprefix(PREFIX))


def imported_by(tag: str) -> tuple[str, str] | None:
    """The module and the name that a tag imports."""
    making = next((each for each in MAKING if tag.startswith(each)), None)
    if making is None:
        return None
    module, _, name = tag.removeprefix(making).rpartition(".")
    if making == "module:":
        return tag.removeprefix(making), "*"
    return module or "builtins", name
