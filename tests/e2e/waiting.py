"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE = 60
"""Seconds after which it does not happen for certain."""


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what}"
        time.sleep(0.02)
