"""What happens in a rehearsal, in its order."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hatch_mar.pysource.module import Module
from hatch_mar.pysource.rehearsal.known_values import UNKNOWN, Class, Package, Table, Value

DICTIONARY = "dict"
"""What lacks an attribute that is written as one, though a table has keys."""

REST = "**"
"""In the place of the keywords that a call has beside its own, and that are not known."""

Phase = Literal["load", "request"]


@dataclass
class Event:
    """Something that happens in a line of a module."""

    module: Module
    line: int
    phase: Phase
    """Whether it happens when the model is loaded or with a request."""
    doubts: int
    """Conditions that it depends on and that are not known."""

    @property
    def is_certain(self) -> bool:
        return not self.doubts

    @property
    def identity(self) -> str:
        """What is alike for two events that are the same but for their place."""
        return type(self).__name__


@dataclass
class Call(Event):
    """A call of something that is not in the archive."""

    name: str
    """Its full name, such as `torch.load`; that of an unknown value's method begins with a dot."""
    args: tuple[Value, ...]
    keywords: Mapping[str, Value]
    """By name; under `REST` what is passed by `**`."""

    @property
    def identity(self) -> str:
        return repr((self.name, self.args, self.keywords))

    @property
    def is_whole(self) -> bool:
        """Whether there are no arguments beside these, as those of `**options` may be."""
        return REST not in self.keywords

    def argument(self, position: int, keyword: str | None = None) -> Value:
        """An argument by its position or its keyword; unknown if it is not given."""
        if keyword is not None and keyword in self.keywords:
            return self.keywords[keyword]
        return self.args[position] if position < len(self.args) else UNKNOWN


@dataclass
class LateImport(Event):
    """An import in a function, which its module can be imported without."""

    node: ast.Import | ast.ImportFrom
    module_name: str
    """The dotted name of the module that it is in."""

    @property
    def identity(self) -> str:
        return ast.unparse(self.node)


@dataclass
class Missing(Event):
    """The use of something that is not there, by which the worker fails."""

    of: str
    """What lacks it: `context`, `self`, `DICTIONARY`, or the name of a table, a module or a class.

    If there is no key, what is None, as it is written.
    """
    key: str | None
    """The key or attribute; None if the value itself is None."""
    owner: Class | Package | Table | None = None
    """The table, module or class that lacks it, or the class of the object that does."""

    @property
    def identity(self) -> str:
        return repr((self.of, self.key))


@dataclass
class ReadArguments(Event):
    """The arguments of the worker's own process are read, which are not for the handler."""

    reader: str
    """What reads them: the full name of a function, or `sys.argv`."""
