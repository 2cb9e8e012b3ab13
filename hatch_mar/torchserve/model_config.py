"""The one reader of a model configuration: what both halves of TorchServe make of the file.

TorchServe reads it twice: SnakeYAML 2.1 in its Java half, `yaml.safe_load` in its Python worker
(pytorch/serve, ArchiveUtils.java and ts/utils/util.py). PyYAML composes and constructs here too,
within SnakeYAML's limits, so that what is read here is read alike by both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal, NamedTuple

import yaml
from yaml.constructor import ConstructorError
from yaml.events import AliasEvent, Event
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.reader import ReaderError

from hatch_mar.budget import YAML, Budget
from hatch_mar.text import LINE_END, line_at, shorten

MOST_CHARACTERS = 3 << 20
"""Characters of a document that SnakeYAML reads."""
DEEPEST = 51
"""Nodes inside one another that SnakeYAML reads, the document and a scalar included."""
MOST_ALIASES = 50
"""References to lists and tables that SnakeYAML follows; those to scalars are not counted."""

MOST_NODES = 20_000
"""Lists, tables, keys and values that are read here; people write fewer. TorchServe has no such limit."""
LONGEST_NUMBER = 4300
"""Digits that Python reads as one number (`sys.int_info.default_max_str_digits`)."""

DEFAULT_TIMEOUT = 120
"""Seconds that TorchServe waits for a model to load and for each answer, if not told (ModelConfig.java)."""

MERGE = "tag:yaml.org,2002:merge"


class Table(dict[Any, Any]):
    """A mapping of the document; `lines` has where each of its keys is."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}

    def table(self, key: str) -> Table | None:
        value = self.get(key)
        return value if isinstance(value, Table) else None


FaultKind = Literal[
    "encoding",
    "syntax",
    "documents",
    "value",
    "empty",
    "top-level",
    "key",
    "entangled",
    "unchecked",
    "duplicate",
]


class ConfigFault(NamedTuple):
    """Something that one half of TorchServe refuses in a document, or reads otherwise than it looks."""

    kind: FaultKind
    problem: str
    line: int | None = None


class Document(NamedTuple):
    """A document as TorchServe reads it."""

    table: Table | None
    """What it sets; None if TorchServe refuses the document, or it is too long to be read here."""
    faults: tuple[ConfigFault, ...] = ()

    @property
    def settings(self) -> Table:
        """What it sets, which is nothing if TorchServe refuses it."""
        return Table() if self.table is None else self.table


def read(data: bytes, budget: Budget | None = None, *, is_whole: bool = True) -> Document:
    """Read a model configuration, of which only the beginning need be given.

    Raises:
        Exhausted: the budget does not suffice.
    """
    found = read_yaml(data, budget, is_whole=is_whole)
    foreign = tuple(foreign_keys(found.settings))
    return Document(None, (*found.faults, *foreign)) if foreign else found


def read_yaml(data: bytes, budget: Budget | None = None, *, is_whole: bool = True) -> Document:
    """Read a document as SnakeYAML and PyYAML do, whatever TorchServe takes it for.

    Raises:
        Exhausted: the budget does not suffice.
    """
    try:
        # the end of the beginning may be half a character
        text = data.decode("utf-8", "strict" if is_whole else "ignore")
    except UnicodeDecodeError as error:
        return refuse_document("encoding", error.reason, line_at(data[: error.start].decode(), error.start))
    if len(text) > MOST_CHARACTERS:
        return refuse_document("entangled", f"it has more than {MOST_CHARACTERS} characters")
    if not is_whole:
        return refuse_document("unchecked", f"more than {len(data)} bytes")
    (budget or Budget()).spend(YAML, len(data))
    try:
        return load_document(Loader(text))
    except EntangledError as error:
        return refuse_document("entangled", str(error), line_in(error, text))
    except ConstructorError as error:
        return refuse_document("value", describe_yaml_error(error), line_in(error, text))
    except (yaml.YAMLError, RecursionError) as error:
        return refuse_document("syntax", describe_yaml_error(error), line_in(error, text))
    except EndlessError:
        return refuse_document("unchecked", f"more than {MOST_NODES} values")


def load_document(loader: Loader) -> Document:
    root, second = loader.document()
    if second is not None:
        return refuse_document("documents", "a second document", loader.line_of(second))
    if root is None or root.tag.endswith(":null"):
        return refuse_document("empty", "no settings")
    if not isinstance(root, MappingNode):
        found = "one value" if isinstance(root, ScalarNode) else "a list"
        return refuse_document("top-level", found, loader.line_of(root))
    table: Any = loader.construct_document(root)
    if not isinstance(table, Table):
        return refuse_document("top-level", kind_of(table), loader.line_of(root))
    duplicates = [ConfigFault("duplicate", key, line) for key, line in dict.fromkeys(loader.duplicates)]
    return Document(table, tuple(duplicates))


def refuse_document(kind: FaultKind, problem: str, line: int | None = None) -> Document:
    return Document(None, (ConfigFault(kind, problem, line),))


def foreign_keys(root: Table) -> Iterator[ConfigFault]:
    """The keys that TorchServe casts to strings, and cannot: those of the top level and of `torchrun`."""
    for where, table in (("", root), (" of `torchrun`", root.table("torchrun") or Table())):
        for key in table:
            if not isinstance(key, str):
                problem = f"`{in_yaml(key)}`{where} is {kind_of(key)}"
                yield ConfigFault("key", problem, table.lines.get(key))


def describe_yaml_error(error: Exception) -> str:
    if isinstance(error, ReaderError):
        return f"character U+{int(error.character):04X} is not allowed"
    text = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
    if text == "second occurrence":
        text = "an anchor is defined twice"
    return shorten(text or type(error).__name__, 120)


def line_in(error: Exception, text: str) -> int | None:
    if isinstance(error, ReaderError):
        return line_at(text, error.position)
    mark = getattr(error, "problem_mark", None)
    return None if mark is None else line_at(text, mark.index)


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
        self.line_ends = [end.end() for end in LINE_END.finditer(text)]

    def document(self) -> tuple[Node | None, Any]:
        """The document's root, None of an empty file, and the event that begins a second document."""
        root = self.get_node() if self.check_node() else None
        stream: Any = self
        return root, stream.peek_event() if self.check_node() else None

    def line_of(self, part: Node | Event) -> int:
        mark: Any = part.start_mark
        return bisect_right(self.line_ends, mark.index) + 1

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
                self.duplicates.append((key.value, self.line_of(key)))
            seen.add(known or id(key))
        return mapping

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            # PyYAML lets a scalar's own errors through, such as that of the date 2020-13-01
            value = node.value if isinstance(node, ScalarNode) else type(node).__name__
            problem = f"could not read `{shorten(value)}`: {error}"
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
        table.lines.update((self.construct_object(key), self.line_of(key)) for key, _ in node.value)


Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_number)
Loader.add_constructor("tag:yaml.org,2002:map", Loader.construct_table)


def in_yaml(value: object) -> str:
    """A value as it is written in a model configuration, for a message."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{shorten(value)}"'
    # a list or table may be endless, through a reference to itself
    return shorten(str(value)) if isinstance(value, (int, float, date)) else "…"


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
