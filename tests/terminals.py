"""Commands on a terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress


def run_on_terminal(command: Sequence[str], environ: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit status of a command, and what it shows on the terminal that its streams are."""
    ours, theirs = os.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen(command, **streams, env=environ, start_new_session=True) as process:
        os.close(theirs)
        shown = read_to_end(ours)
    os.close(ours)
    return process.returncode, shown.decode("utf-8", "replace").replace("\r\n", "\n")


def read_to_end(terminal: int) -> bytes:
    """What a terminal shows until nobody has its other side open any more."""
    shown = b""
    with suppress(OSError):  # which is how Linux says so
        while more := os.read(terminal, 1 << 16):
            shown += more
    return shown
