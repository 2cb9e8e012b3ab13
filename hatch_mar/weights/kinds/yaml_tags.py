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
LARGEST_PARSED, LARGEST_READ = 1 << 15, 4 << 20
"""Bytes of a document that PyYAML parses, and of one in which tags are only looked for."""
TAG = re.compile(rb"(?:^|[\s\[{,])!(?:!|<tag:yaml\.org,2002:)python/((?:object|name|module)[\w/]*:[\w.]*)")


def find_objects(view: View, name: str) -> tuple[Loading, ...]:
    """What an unsafe loader would import for the tags of a YAML file; nothing for any other file."""
    lowered = name.lower()
    if lowered.endswith(OTHER_TEXT):
        return ()
    if not lowered.endswith(SUFFIXES) and not DOCUMENT.match(view.read(0, 1024)):
        return ()
    data = view.read(0, LARGEST_READ)
    if b"python" not in data or b"\0" in data:
        return ()
    pairs = dict.fromkeys(pair for tag in list_tags(data) if (pair := imported_by(tag)))
    return (Loading(LOADER, globals=tuple(pairs)),) if pairs else ()


def list_tags(data: bytes) -> list[str]:
    """The tags of PyYAML in a document, without the part that all have."""
    if len(data) > LARGEST_PARSED:
        return [tag.decode("ascii") for tag in TAG.findall(data) if tag.isascii()]
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
