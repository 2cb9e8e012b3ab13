"""A program that runs another one for a trial, and then ends every process that came of it.

A process that makes a session of its own, as a daemon does, is out of reach of its group's signals. On
Linux this program adopts it once its parent has ended (prctl(2), PR_SET_CHILD_SUBREAPER). It has no other
children than those of the trial, whatever else the process has started that it was started from.

The trial is over when the other program has ended, or when standard input does: when the trial closes it,
and also when the trial is killed.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

STDIN = 0
SET_SUBREAPER = 36
"""Of prctl(2), in linux/prctl.h."""
PERIOD = 0.01
"""Seconds between two looks."""
LONGEST = 30
"""Seconds after which those that start others faster than they are ended are left alone."""


def main() -> None:
    ctypes.CDLL(None).prctl(SET_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    ended = reap()
    while process.pid not in ended and not select.select([STDIN], [], [], PERIOD)[0]:
        ended = reap()
    with suppress(OSError):  # nobody is left in its group
        os.killpg(process.pid, signal.SIGKILL)
    end_children()
    exit_as(ended.get(process.pid, -signal.SIGKILL))


def reap() -> dict[int, int]:
    """The children that have ended since this was last called, and their exit statuses."""
    ended = {}
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = os.waitstatus_to_exitcode(found[1])
    return ended


def end_children() -> None:
    """Kill the children until there are none; each leaves its own to be adopted.

    One that another user runs, as sudo makes it, cannot be killed, and is not waited for.
    """
    others: set[int] = set()
    until = time.monotonic() + LONGEST
    with suppress(ChildProcessError, FileNotFoundError):  # there are none, or the system does not list them
        while time.monotonic() < until:
            children = list_children()
            if children and children <= others:
                return
            for each in children - others:
                try:
                    os.kill(each, signal.SIGKILL)
                except PermissionError:
                    others.add(each)
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(PERIOD)


def list_children() -> set[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return {*map(int, file.read().split())}


def exit_as(status: int) -> None:
    """End with an exit status, or by the signal that it stands for."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):  # of SIGKILL, which has no other effect
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
