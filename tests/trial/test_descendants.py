from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hatch_mar.trial.descendants import adopt_orphans, list_children
from tests.archives import needs_linux

SLEEP = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
DAEMON = f"""
import os, sys
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execv(sys.executable, [sys.executable, "-c", {SLEEP!r}, sys.argv[1]])
    os._exit(0)
os.wait()
"""
SESSION = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {SLEEP!r}, sys.argv[1]], start_new_session=True, env={{}})
"""


def is_alive(process: int) -> bool:
    with suppress(OSError):
        os.kill(process, 0)
        return True
    return False


def wait_for_pid(file: Path) -> int:
    while not (file.exists() and file.read_text()):
        time.sleep(0.01)
    return int(file.read_text())


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that somebody else has started in a session of its own."""
    process = subprocess.Popen([sys.executable, "-c", SLEEP, tmp_path / "other"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@needs_linux
class TestAdoption:
    @pytest.mark.parametrize("code", [DAEMON, SESSION], ids=["daemon", "session"])
    def test_ended(self, tmp_path: Path, code: str):
        """Whoever left the session of the trial is ended with it."""
        with adopt_orphans():
            subprocess.run([sys.executable, "-c", code, tmp_path / "pid"], check=True)
            orphan = wait_for_pid(tmp_path / "pid")
            assert is_alive(orphan)

        assert not is_alive(orphan)

    def test_others(self, tmp_path: Path, sleeper: subprocess.Popen[bytes]):
        """A process that was there before is left alone."""
        with adopt_orphans():
            subprocess.run([sys.executable, "-c", SESSION, tmp_path / "pid"], check=True)
            wait_for_pid(tmp_path / "pid")

        assert sleeper.poll() is None
        assert sleeper.pid in list_children()

    def test_other_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """One that may not be killed, as what sudo runs, is not waited for."""
        kill = os.kill

        def refuse(process: int, number: int) -> None:
            if number:
                raise PermissionError
            kill(process, number)

        with adopt_orphans():
            subprocess.run([sys.executable, "-c", SESSION, tmp_path / "pid"], check=True)
            orphan = wait_for_pid(tmp_path / "pid")
            monkeypatch.setattr(os, "kill", refuse)

        assert is_alive(orphan)
        kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)

    def test_at_once(self, tmp_path: Path):
        """The end of one of several trials ends nothing of the others."""
        with adopt_orphans():
            other = subprocess.Popen([sys.executable, "-c", SLEEP, tmp_path / "pid"], start_new_session=True)
            with adopt_orphans():
                pass
            assert other.poll() is None
            other.kill()
            other.wait()
