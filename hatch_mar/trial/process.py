"""A child process that is killed together with every process it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from hatch_mar.errors import TrialError
from hatch_mar.trial.descendants import adopt_orphans

START_SECONDS = 120
"""Seconds in which a server or a worker starts, importing torch and TorchServe."""

PERIOD = 0.02
"""Seconds between two looks at a process."""


class TimedOutError(Exception):
    """A process took too long."""


@dataclass
class Process:
    """A process in its own session, for the time of a `with` block; its output goes to a file.

    Ctrl-C in a terminal reaches neither the process nor a thread that waits for it: `stop`
    ends the waiting, and the end of the block kills the process.
    """

    command: Sequence[str]
    directory: Path
    environ: Mapping[str, str]
    log: Path
    stop: Event
    ended: bool = False
    orphans: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Process:
        self.orphans.enter_context(adopt_orphans())
        try:
            return self.start()
        except BaseException:
            self.orphans.close()
            raise

    def start(self) -> Process:
        own_group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=self.directory,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_group,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        if self.ended:
            return
        self.ended = True
        if sys.platform == "win32":
            kill = ["taskkill", "/T", "/F", "/PID", str(self.process.pid)]
            subprocess.run(kill, capture_output=True, check=False)
        else:
            # macOS raises EPERM for a group in which every process has ended
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.orphans.close()

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while the process runs."""
        return self.process.poll()

    def wait(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Wait until the process ends, or until a condition holds.

        Raises:
            TimedOutError: neither happened in time.
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
