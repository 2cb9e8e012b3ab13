"""How a deployment waits for a server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

PERIOD = 0.1
"""Seconds between two looks at the server."""


class Pace(NamedTuple):
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Check a condition until it holds or the time is over; gives whether it held."""
        deadline = self.now() + seconds
        while not condition():
            if self.now() >= deadline:
                return False
            self.sleep(PERIOD)
        return True


REAL = Pace()
