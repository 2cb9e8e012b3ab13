"""A child process that is killed together with every process it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from hatch_mar.errors import TrialError

START_SECONDS = 120
"""Seconds in which a server or a worker starts, importing torch and TorchServe."""

PERIOD = 0.02
"""Seconds between two looks at a process."""

MOST_OUTPUT = 2 << 20
"""Bytes of output that are read from its beginning, and from its end."""

DESCENDANTS = Path(__file__).resolve().parent / "descendants.py"
# isolated, since neither the environment nor the project is to tell what it imports
RUNNER = (sys.executable, "-I", "-S", str(DESCENDANTS)) if sys.platform == "linux" else ()
"""The beginning of a command that also ends what has left the group of its process."""
END_SECONDS = 60
"""Seconds that this may take."""


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

    def __enter__(self) -> Process:
        own_group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*RUNNER, *self.command],
                cwd=self.directory,
                env=dict(self.environ),
                stdin=subprocess.PIPE if RUNNER else subprocess.DEVNULL,
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
        if self.process.stdin:
            self.process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)
        if sys.platform == "win32":
            kill = ["taskkill", "/T", "/F", "/PID", str(self.process.pid)]
            subprocess.run(kill, capture_output=True, check=False)
        else:
            # macOS raises EPERM for a group in which every process has ended
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

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
        """What it has printed: of very much, how it begins and how it ends."""
        with open(self.log, "rb") as file:
            left_out = self.log.stat().st_size - 2 * MOST_OUTPUT
            if left_out <= 0:
                data = file.read()
            else:
                data = file.read(MOST_OUTPUT) + f"\n... {left_out} bytes are left out ...\n".encode()
                file.seek(-MOST_OUTPUT, os.SEEK_END)
                data += file.read(MOST_OUTPUT)
        return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
