"""What names and attributes are bound to, on one way through the statements."""

from __future__ import annotations

from collections.abc import Iterable

from hatch_mar.pysource.rehearsal.known_values import ABSENT, UNKNOWN, Value, blend

Key = tuple[object, str]
"""A frame or an object, and a name in it."""


class Store:
    """What is bound on one way, over what was bound before it forked off."""

    def __init__(self, outer: Store | None = None) -> None:
        self.outer = outer
        self.depth: int = outer.depth + 1 if outer else 0
        self.bound: dict[Key, Value] = {}

    def get(self, owner: object, name: str) -> Value:
        """What a name is bound to; `ABSENT` if it is not bound."""
        store: Store | None = self
        while store is not None:
            if (owner, name) in store.bound:
                return store.bound[owner, name]
            store = store.outer
        return ABSENT

    def all_of(self, owner: object) -> dict[str, Value]:
        """Everything that is bound in a frame."""
        outer = self.outer.all_of(owner) if self.outer else {}
        return outer | {name: value for (each, name), value in self.bound.items() if each is owner}

    def bind(self, owner: object, name: str, value: Value) -> None:
        self.bound[owner, name] = value

    def join(self, ways: Iterable[Store]) -> None:
        """Bind what any of several ways, forked off this one, has bound."""
        ends = list(ways)
        for key in {key: None for way in ends for key in way.bound}:
            values = [way.get(*key) for way in ends]
            self.bound[key] = UNKNOWN if ABSENT in values else blend(values)
