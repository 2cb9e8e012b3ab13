from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.process import Process, TimedOutError
from tests.archives import needs_posix

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def process(tmp_path: Path, code: str, stop: Event | None = None) -> Process:
    return Process(
        [sys.executable, "-c", code],
        directory=tmp_path,
        environ=os.environ,
        log=tmp_path / "log",
        stop=stop or Event(),
    )


class TestWait:
    def test_end(self, tmp_path: Path):
        """The status and all the output of a process that ends are known."""
        with process(
            tmp_path, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
        ) as made:
            made.wait(30)

            assert made.status == 3
        assert set(made.output().split()) == {"out", "err"}

    def test_until(self, tmp_path: Path):
        """Waiting ends when its condition holds."""
        with process(tmp_path, "import time; time.sleep(60)") as made:
            made.wait(30, lambda: True)

            assert made.status is None

    def test_limit(self, tmp_path: Path):
        """A process that takes too long is an error, and ends with the block."""
        with process(tmp_path, "import time; time.sleep(60)") as made, pytest.raises(TimedOutError):
            made.wait(0.1)
        assert made.status

    def test_stop(self, tmp_path: Path):
        """Another thread can stop the waiting."""
        stop = Event()
        stop.set()
        with process(tmp_path, "import time; time.sleep(60)", stop) as made, pytest.raises(TrialError):
            made.wait(30)


class TestEnd:
    @needs_posix
    def test_children(self, tmp_path: Path):
        """The process's own children end with it."""
        with process(tmp_path, PARENT) as made:
            made.wait(30, lambda: made.output().endswith("\n"))
            child = int(made.output())
            assert alive(child)
        deadline = time.monotonic() + 10
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.01)

        assert not alive(child)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        if sys.platform == "linux":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
