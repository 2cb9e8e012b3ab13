"""What is known on the way that the worker takes, and what it has done on it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hatch_mar.pysource.rehearsal.events import Event, Missing, Phase, ReadArguments
from hatch_mar.pysource.rehearsal.known_values import Class, Frame, Package, Table
from hatch_mar.pysource.rehearsal.library import ARGUMENTS
from hatch_mar.pysource.rehearsal.store import Store

T = TypeVar("T")

DEEPEST = 100
"""Conditions within one another that are followed."""


class Stopped(Exception):
    """The rehearsal has taken all the steps that it may take."""


class Ways:
    """Keeps what names are bound to and what has happened, on ways that may not be taken too."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.store = Store()
        self.events: list[Event] = []
        self.phase: Phase = "load"
        self.doubts = 0
        """Conditions under which the worker comes to what runs now, and that are not known."""
        self.changed: set[object] = set()
        """Names of tables, objects, and `sys.argv`, that code has changed in a way that was not followed."""

    @contextmanager
    def doubt(self, is_doubted: bool = True) -> Iterator[None]:
        """What is done here may not be done by the worker."""
        self.doubts += is_doubted
        try:
            yield
        finally:
            self.doubts -= is_doubted

    def fork(self, run: Callable[[], T]) -> tuple[Store, T]:
        """Do what may not be done; what it has bound is for the caller to join."""
        outer, doubts = self.store, self.doubts
        if outer.depth >= DEEPEST:
            raise Stopped
        self.store, self.doubts = Store(outer), doubts + 1
        try:
            return self.store, run()
        finally:
            self.store, self.doubts = outer, doubts

    def join(self, ways: list[Store]) -> None:
        for way in ways:
            self.take_step(len(way.bound))
        self.store.join(ways)

    def take_step(self, count: int = 1) -> None:
        self.steps -= count
        if self.steps < 0:
            raise Stopped

    def report_missing(
        self,
        node: ast.expr | ast.ClassDef,
        frame: Frame,
        of: str,
        key: str | None,
        owner: Class | Package | Table | None = None,
    ) -> None:
        where = frame.module, node.lineno, self.phase, self.doubts
        self.events.append(Missing(*where, of, key, owner))

    def report_arguments(self, node: ast.expr, frame: Frame, reader: str) -> None:
        """The worker's own arguments are read, unless code has set others."""
        if ARGUMENTS not in self.changed:
            self.events.append(ReadArguments(frame.module, node.lineno, self.phase, self.doubts, reader))
