"""Shows the progress of a long build: one updated line on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from hatch_mar import output
from hatch_mar.terminal.codes import CLEAR_LINE, takes_codes
from hatch_mar.text import format_seconds, format_size

PATIENCE = 1.0
"""Seconds before anything is shown."""
BETWEEN_FRAMES, BETWEEN_LINES = 0.1, 10.0
"""Seconds between updates of the line on a terminal, and between lines in a log."""


class Progress:
    """The bytes read by a build, its rate and the time left. Threads may share it."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self.stream = stream or sys.stderr
        self.moving = takes_codes(self.stream) and output.verbosity != "verbose"  # whose lines come between
        self.began = time.monotonic()
        self.next = self.began + PATIENCE
        self.done = 0
        self.shown = False
        self.paused = False
        self.lock = threading.Lock()

    def advance(self, count: int) -> None:
        """Add `count` bytes that have been read."""
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
        self.stream.write(f"{CLEAR_LINE}{line}" if self.moving else f"{line}\n")
        self.stream.flush()

    def line(self, seconds: float) -> str:
        rate = self.done / seconds
        left = max(0, self.total - self.done) / rate if rate else 0.0
        return (
            f"Packing archives: {format_size(self.done)} of {format_size(self.total)},"
            f" {format_size(round(rate))}/s, {format_seconds(round(left))} left"
        )
