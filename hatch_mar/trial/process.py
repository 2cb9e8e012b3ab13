"""A child process that ends with all that it has started, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any

from hatch_mar.errors import TrialError

PERIOD = 0.02
"""Seconds between two looks at a process."""


class TimedOutError(Exception):
    """A process took longer than it may."""


class Process:
    """A process in a group of its own, for the time of a `with` block; its output goes to a file.

    Ctrl-C in a terminal does not reach it, and a thread that waits for it does not hear of
    Ctrl-C: both end by `stop`, and the process by the end of the block.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environ: Mapping[str, str],
        log: Path,
        stop: Event,
    ) -> None:
        self.command = list(command)
        self.directory = directory
        self.environ = environ
        self.log = log
        self.stop = stop
        self.ended = False

    def __enter__(self) -> Process:
        own_group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_group,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Killed, not asked: nothing of it is kept, and its own children go with it for certain."""
        if self.ended:
            return
        self.ended = True
        if sys.platform == "win32":
            kill = ["taskkill", "/T", "/F", "/PID", str(self.process.pid)]
            subprocess.run(kill, capture_output=True, check=False)
        else:
            # macOS has EPERM for a group of which only the dead are left
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def status(self) -> int | None:
        """The exit status, less than 0 for a signal; None while it runs."""
        return self.process.poll()

    def wait(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Wait for its end, or until something is true.

        Raises:
            TimedOutError: neither came in time.
            TrialError: the trial was stopped.
        """
        deadline = time.monotonic() + seconds
        while True:
            ended = self.status is not None
            if (until and until()) or ended:
                return
            if time.monotonic() > deadline:
                raise TimedOutError
            if self.stop.wait(PERIOD):
                raise TrialError("Stopped")

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
