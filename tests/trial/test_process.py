from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from hatch_mar.errors import TrialError
from hatch_mar.trial.process import Process, TimedOutError
from tests.archives import needs_linux, needs_posix
from tests.trial.processes import SESSION, SLEEP, is_alive, wait_for_end, wait_for_pid

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

    def test_loud(self, tmp_path: Path):
        """Of very much output, the beginning and the end are known."""
        with process(tmp_path, "print('first'); print('x' * 10_000_000); print('last')") as made:
            made.wait(30)

        first, *_, left_out, _, last = made.output().splitlines()
        assert (first, left_out, last) == ("first", "... 5805708 bytes are left out ...", "last")

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
            assert is_alive(child)
        wait_for_end(child)

    @needs_linux
    def test_sessions(self, tmp_path: Path):
        """So do those in a session of their own, but not those that others have started from here."""
        with process(tmp_path, f"import sys; sys.argv.append({str(tmp_path / 'pid')!r})\n{SESSION}") as made:
            others = subprocess.Popen([sys.executable, "-c", SLEEP, tmp_path / "o"], start_new_session=True)
            made.wait(30)

        assert made.status == 0
        assert not is_alive(wait_for_pid(tmp_path / "pid"))
        assert others.poll() is None
        others.kill()
        others.wait()
