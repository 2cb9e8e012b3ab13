"""A YAML document as `yaml.safe_load` gives it, with the lines of its keys, and within bounds.

TorchServe reads the file twice: SnakeYAML 2.1 in its Java half, `yaml.safe_load` in its Python
worker (pytorch/serve, ArchiveUtils.java and ts/utils/util.py). PyYAML composes and constructs
here too, under SnakeYAML's limits, so that what loads here loads in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.events import AliasEvent, Event
from yaml.nodes import MappingNode, Node, ScalarNode

MOST_CHARACTERS = 3 << 20
DEEPEST = 51
"""Nodes inside one another, the document and a scalar included."""
MOST_ALIASES = 50
"""References to lists and tables; those to scalars are not counted."""

MOST_NODES = 20_000
"""Lists, tables, keys and values that are looked at; people write less. TorchServe has no such limit."""
LONGEST_NUMBER = 4300
"""Digits that Python reads as one number (`sys.int_info.default_max_str_digits`)."""

MERGE = "tag:yaml.org,2002:merge"


class Table(dict[Any, Any]):
    """A mapping of the document; `lines` has where each of its keys is."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}

    def table(self, key: str) -> Table | None:
        value = self.get(key)
        return value if isinstance(value, Table) else None


class EntangledError(Exception):
    """SnakeYAML refuses the document for its nesting or its aliases."""

    def __init__(self, problem: str, node: Node | Event) -> None:
        super().__init__(problem)
        self.problem_mark = node.start_mark


class EndlessError(Exception):
    """The document is larger than what is looked at."""


class Loader(yaml.SafeLoader):
    """Loads one document; `duplicates` are the keys that it has twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = self.aliases = self.nodes = 0
        self.duplicates: list[tuple[str, int]] = []

    def document(self) -> tuple[Node | None, Any]:
        """The document's root, None of an empty file, and the event that begins a second document."""
        root = self.get_node() if self.check_node() else None
        stream: Any = self
        return root, stream.peek_event() if self.check_node() else None

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        stream: Any = self
        event = stream.peek_event()
        self.nodes += 1
        self.depth += 1
        if self.nodes > MOST_NODES:
            raise EndlessError
        if self.depth > DEEPEST and not isinstance(event, AliasEvent):
            problem = f"it nests more than {DEEPEST - 1} lists and tables"
            raise EntangledError(problem, event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if isinstance(event, AliasEvent) and not isinstance(node, ScalarNode):
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                problem = f"it has more than {MOST_ALIASES} references to lists and tables"
                raise EntangledError(problem, event)
        return node

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        mapping = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in mapping.value:
            known = (key.tag, key.value) if isinstance(key, ScalarNode) else None
            if known in seen and key.tag != MERGE:
                self.duplicates.append((key.value, line_of(key)))
            seen.add(known or id(key))
        return mapping

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            # PyYAML lets a scalar's own errors through, such as that of the date 2020-13-01
            value = node.value if isinstance(node, ScalarNode) else type(node).__name__
            problem = f"could not read `{cut(value)}`: {error}"
            raise ConstructorError(problem=problem, problem_mark=node.start_mark) from None

    def flatten_mapping(self, node: MappingNode) -> None:
        super().flatten_mapping(node)
        # merge keys copy what they merge: the one thing that a few lines can make grow without end
        self.nodes += len(node.value)
        if self.nodes > MOST_NODES * 5:
            problem = "its merge keys `<<` multiply what they merge"
            raise EntangledError(problem, node)

    def construct_number(self, node: ScalarNode) -> int:
        if len(node.value) > LONGEST_NUMBER:
            raise ValueError(f"it has more than {LONGEST_NUMBER} digits")
        return int(self.construct_yaml_int(node))

    def construct_table(self, node: MappingNode) -> Iterator[Table]:
        table = Table()
        yield table
        table.update(self.construct_mapping(node))
        # after the values: merge keys are resolved by then, and a key's last line is the one that counts
        table.lines.update((self.construct_object(key), line_of(key)) for key, _ in node.value)


Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_number)
Loader.add_constructor("tag:yaml.org,2002:map", Loader.construct_table)


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


def cut(text: str, length: int = 40) -> str:
    """The text in one line of at most so many characters, for a message."""
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= length else text[: length - 1] + "…"


def in_yaml(value: object) -> str:
    """A value as it is written in a model configuration, for a message."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{cut(value)}"'
    # a list or table may be endless, through a reference to itself
    return cut(str(value)) if isinstance(value, (int, float, date)) else "…"


def kind_of(value: object) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number with a point"),
        (str, "a string"),
        (list, "a list"),
        (dict, "a table"),
        (date, "a date"),
    )
    found = [name for kind, name in kinds if isinstance(value, kind)]
    return found[0] if found else "null" if value is None else f"a {type(value).__name__}"
