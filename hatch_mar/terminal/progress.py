"""Shows the progress of long work: one updated line on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from hatch_mar import output
from hatch_mar.terminal.codes import CLEAR_LINE, takes_codes
from hatch_mar.text import format_seconds, format_size, truncate

PATIENCE = 1.0
"""Seconds before anything is shown on a terminal."""
BETWEEN_FRAMES, BETWEEN_LINES = 0.1, 10.0
"""Seconds between updates of the line on a terminal; and before each line in a log."""


class Progress:
    """The bytes that are done, the rate and, of a known total, the time left. Threads may share it."""

    def __init__(
        self, total: int | None = None, stream: TextIO | None = None, *, what: str = "Packing archives"
    ) -> None:
        self.total = total
        self.what = what
        self.stream = stream or sys.stderr
        self.moving = takes_codes(self.stream) and output.verbosity != "verbose"  # whose lines come between
        self.began = time.monotonic()
        self.next = self.began + (PATIENCE if self.moving else BETWEEN_LINES)
        self.done = 0
        self.shown = False
        self.paused = False
        self.lock = threading.Lock()

    def advance(self, count: int) -> None:
        """Add `count` bytes."""
        with self.lock:
            self.done += count
            now = time.monotonic()
            if self.paused or now < self.next:
                return
            self.next = now + (BETWEEN_FRAMES if self.moving else BETWEEN_LINES)
            self.show(self.line(now - self.began))

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Clear the line, and keep other threads from showing one while something else is printed."""
        self.paused = True
        self.finish()
        try:
            yield
        finally:
            self.paused = False

    def finish(self) -> None:
        """Clear the line."""
        with self.lock:
            if self.shown and self.moving:
                self.stream.write(CLEAR_LINE)
                self.stream.flush()
            self.shown = False

    def show(self, line: str) -> None:
        self.shown = True
        self.stream.write(f"{CLEAR_LINE}{fit(line, self.stream)}" if self.moving else f"{line}\n")
        self.stream.flush()

    def line(self, seconds: float) -> str:
        rate = self.done / seconds
        done, speed = format_size(self.done), f"{format_size(round(rate))}/s"
        if self.total is None:
            return f"{self.what}: {done}, {speed}"
        left = max(0, self.total - self.done) / rate if rate else 0.0
        return (
            f"{self.what}: {done} of {format_size(self.total)}, {speed}, {format_seconds(round(left))} left"
        )


def fit(line: str, terminal: TextIO) -> str:
    """What of a line a terminal shows without beginning another one, which could not be cleared."""
    columns = 0
    with suppress(OSError):
        columns = os.get_terminal_size(terminal.fileno()).columns
    return truncate(line, columns - 1) if columns > 1 else line


@contextmanager
def show_progress(
    what: str = "Reading archives", total: int | None = None
) -> Iterator[Callable[[int], object]]:
    """Show the progress of a block, which calls the value with each number of bytes that it is done with."""
    if output.is_quiet():
        yield int
        return
    progress = Progress(total, what=what)
    try:
        yield progress.advance
    finally:
        progress.finish()
