"""Ending every process that a trial has started, also those that left its group.

A process that makes a session of its own, as a daemon does, is out of reach of its group's signals. On
Linux this process adopts it once its parent has ended (prctl(2), PR_SET_CHILD_SUBREAPER), and so can find
and end it; elsewhere only the group is ended.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

SET_SUBREAPER, GET_SUBREAPER = 36, 37
"""Of prctl(2), in linux/prctl.h."""
CALM = 3
"""How often in a row nobody must be left: an orphan is adopted a moment after the end of its parent."""
PERIOD = 0.01
"""Seconds between two looks."""
LONGEST = 30
"""Seconds after which those that start others faster than they are ended are left alone."""
POSSIBLE = sys.platform == "linux"


class Adoption:
    """The adoption of orphans by this process, which is one for all trials that run at the same time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.trials = 0
        self.before: set[int] = set()
        self.was: int | None = None

    def begin(self) -> None:
        with self.lock:
            if not self.trials:
                self.before, self.was = list_children(), set_subreaper(1)
            self.trials += 1

    def end(self) -> None:
        with self.lock:
            self.trials -= 1
            if not self.trials:
                end_orphans(self.before)
                if self.was == 0:
                    set_subreaper(0)


ADOPTION = Adoption()


@contextmanager
def adopt_orphans() -> Iterator[None]:
    """Adopt the orphans of this process's descendants while the block runs, and end them after the last one.

    Processes that others have started from this one are left alone: those that were there before, and
    those of this session.
    """
    ADOPTION.begin()
    try:
        yield
    finally:
        ADOPTION.end()


def set_subreaper(value: int) -> int | None:
    """Become a subreaper, or stop; returns what this process was, or None where there are none."""
    if not POSSIBLE:
        return None
    import ctypes

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        was = ctypes.c_int()
        library.prctl(GET_SUBREAPER, ctypes.byref(was), 0, 0, 0)
        library.prctl(SET_SUBREAPER, value, 0, 0, 0)
        return was.value
    return None


def list_children() -> set[int]:
    """The processes whose parent is this one."""
    found: set[int] = set()
    if POSSIBLE:
        with suppress(OSError):
            for task in os.listdir("/proc/self/task"):
                with suppress(OSError), open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                    found.update(map(int, file.read().split()))
    return found


def end_orphans(before: set[int]) -> None:
    """Kill the adopted processes until there are none; each leaves its own children to be adopted.

    One that another user runs, as sudo makes it, cannot be killed, and is not waited for.
    """
    calm, others, until = 0, set(before), time.monotonic() + LONGEST
    while calm < CALM and time.monotonic() < until:
        orphans = {each for each in list_children() - others if is_in_other_session(each)}
        calm = 0 if orphans else calm + 1
        for each in orphans:
            try:
                os.kill(each, signal.SIGKILL)
            except PermissionError:
                others.add(each)
            except OSError:
                pass
        for each in orphans - others:
            with suppress(OSError):
                os.waitpid(each, 0)
        if not orphans and POSSIBLE:
            time.sleep(PERIOD)


def is_in_other_session(process: int) -> bool:
    with suppress(OSError):
        return os.getsid(process) != os.getsid(0)
    return False
