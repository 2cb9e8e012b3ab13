"""Programs that start others, and whether these run."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

WAIT = """
import os, sys, time
while not (os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1])):
    time.sleep(0.01)
"""
SLEEP = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
"""Sleeps, and leaves its number in a file."""
DAEMON = f"""
import os, sys
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execv(sys.executable, [sys.executable, "-c", {SLEEP!r}, sys.argv[1]])
    os._exit(0)
os.wait()
{WAIT}"""
"""Leaves a sleeper in a session whose leader has ended, as daemons do."""
SESSION = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {SLEEP!r}, sys.argv[1]], start_new_session=True, env={{}})
{WAIT}"""
"""Leaves a sleeper in a session of its own."""


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        if sys.platform == "linux":
            return False
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def wait_for_pid(file: Path) -> int:
    while not (file.exists() and file.read_text()):
        time.sleep(0.01)
    return int(file.read_text())


def wait_for_end(pid: int, seconds: float = 10) -> None:
    """Wait until a process has ended.

    Raises:
        TimeoutError: it still runs.
    """
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)
