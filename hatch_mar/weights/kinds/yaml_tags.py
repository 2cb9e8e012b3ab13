"""YAML that makes Python objects: the tags `!!python/…` of PyYAML (yaml/constructor.py)."""

from __future__ import annotations

import re

from hatch_mar.weights.loading import Loading
from hatch_mar.weights.view import View

PREFIX = "tag:yaml.org,2002:python/"
MAKING = ("object/apply:", "object/new:", "object:", "name:", "module:")
"""The tags that name what they import. The others make numbers, texts and tuples."""
LOADER = "yaml.unsafe_load"
SUFFIXES = (".yaml", ".yml")
OTHER_TEXT = (
    ".py", ".pyi", ".md", ".rst", ".html", ".htm", ".tex", ".ipynb", ".json", ".js", ".ts", ".css", ".csv",
    ".tsv", ".xml", ".toml", ".svg", ".sh", ".c", ".cc", ".cpp", ".h", ".java", ".go", ".rs",
)  # fmt: skip
DOCUMENT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s*(?:#[^\n]*)?\n)*\s*(?:---|%|!|- |[\w\"'.-]+\s*:(?:\s|$))")
"""How YAML begins."""
LARGEST_PARSED = 1 << 15
"""Bytes of a document that PyYAML parses. In more of them only the usual ways to write a tag are found."""
LARGEST_READ, LARGEST_NAMED = 4 << 20, 64 << 20
"""Bytes that are read of a document, and of one that has the name of one."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The marks of the encoding that PyYAML reads besides UTF-8."""
START = rb"(?:^|[\s\[{,:\x85\xa8\xa9\xbf])!"
"""A tag begins behind a blank or a sign. The last bytes end Unicode's line breaks and its mark."""
TAG = re.compile(START + rb"(?:!|<tag:yaml\.org,2002:)python/((?:object|name|module)[\w/]*:[\w.]*)")
RENAMED = re.compile(rb"%TAG +!|" + START + rb"[!<][\w:/.,]*%[0-9A-Fa-f]{2}")
"""A prefix with a name of its own, or a tag with a character that is written by its number.

No tag is looked at twice, since none has another `!` in it: time grows with the bytes, not their square.
"""


def find_tagged(view: View, name: str) -> tuple[Loading, ...]:
    """What an unsafe loader would import for the tags of a YAML file; nothing for any other file."""
    lowered = name.lower()
    if lowered.endswith(OTHER_TEXT):
        return ()
    is_named = lowered.endswith(SUFFIXES)
    if not is_named and not DOCUMENT.match(decode(view.read(0, 1024))):
        return ()
    most = LARGEST_NAMED if is_named else LARGEST_READ
    data = decode(view.read(0, most))
    if b"\0" in data:
        return ()
    is_renamed = RENAMED.search(data) is not None
    if b"python" not in data and not is_renamed:
        return ()
    pairs = dict.fromkeys(pair for tag in list_tags(data) if (pair := imported_by(tag)))
    unknown = f"it names tags in its own way in more than the {LARGEST_PARSED} bytes that are parsed"
    if not is_renamed or len(data) <= LARGEST_PARSED:
        unknown = ""
    return (Loading(LOADER, globals=tuple(pairs), unknown=unknown),) if pairs or unknown else ()


def decode(data: bytes) -> bytes:
    """A document in UTF-8, whichever encoding it has."""
    if not data.startswith(UTF_16):
        return data
    return data.decode("utf-16", "replace").encode("utf-8", "replace")


def list_tags(data: bytes) -> list[str]:
    """The tags of PyYAML in a document, without the part that all have."""
    if len(data) > LARGEST_PARSED:
        # one with a number in it is cut off there, and its name is not the one that is imported
        found = (tag for tag in TAG.finditer(data) if data[tag.end() : tag.end() + 1] != b"%")
        return [tag[1].decode("ascii") for tag in found if tag[1].isascii()]
    import yaml

    tags: list[str] = []
    try:
        for event in yaml.parse(data):
            tag = getattr(event, "tag", None)
            if isinstance(tag, str) and tag.startswith(PREFIX):
                tags.append(tag.removeprefix(PREFIX))
    except (yaml.YAMLError, ValueError, RecursionError):
        pass  # what comes before the fault has been made by then
    return tags


def imported_by(tag: str) -> tuple[str, str] | None:
    """The module and the name that a tag imports."""
    making = next((each for each in MAKING if tag.startswith(each)), None)
    if making is None:
        return None
    module, _, name = tag.removeprefix(making).rpartition(".")
    if making == "module:":
        return tag.removeprefix(making), "*"
    return module or "builtins", name
