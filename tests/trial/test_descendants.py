from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_mar.trial.process import RUNNER
from tests.archives import needs_linux
from tests.trial.processes import DAEMON, SESSION, SLEEP, is_alive, wait_for_end, wait_for_pid

pytestmark = needs_linux

AND_SLEEP = "import time; time.sleep(600)"
AND_KILL_GROUP = "import os, signal; os.killpg(0, signal.SIGKILL)"


def start(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [*RUNNER, sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


@pytest.mark.parametrize(
    "code", [DAEMON, SESSION, SESSION + AND_KILL_GROUP], ids=["daemon", "session", "group"]
)
def test_left(tmp_path: Path, code: str):
    """Whoever left the session of the other program is ended when that ends, in whatever way."""
    with start(code, tmp_path / "pid") as process:
        process.wait()

    assert not is_alive(wait_for_pid(tmp_path / "pid"))


def test_input(tmp_path: Path):
    """When standard input is closed, all are ended at once."""
    with start(SESSION + AND_SLEEP, tmp_path / "pid") as process:
        orphan = wait_for_pid(tmp_path / "pid")
        assert is_alive(orphan)
        process.stdin.close()

    assert process.returncode == -signal.SIGKILL
    assert not is_alive(orphan)


def test_killed_trial(tmp_path: Path):
    """So are they when the trial is killed."""
    code = "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()"
    command = [*RUNNER, sys.executable, "-c", SESSION + AND_SLEEP, str(tmp_path / "pid")]
    with subprocess.Popen([sys.executable, "-c", code, *command]) as trial:
        orphan = wait_for_pid(tmp_path / "pid")
        assert is_alive(orphan)
        trial.kill()

    wait_for_end(orphan)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL])
def test_signal(number: int):
    """That a signal has ended the other program is seen from the exit status, as without this one."""
    with start(f"import os; os.kill(os.getpid(), {number})") as process:
        process.wait()

    assert process.returncode == -number


def test_no_list(tmp_path: Path):
    """Where the system does not list children, as gVisor's, the other program's group is ended."""
    code = f"""
import sys
from hatch_mar.trial import descendants
def missing(): raise FileNotFoundError
descendants.list_children = missing
sys.argv[1:] = [sys.executable, "-c", {SLEEP!r}, sys.argv[1]]
descendants.main()
"""
    command = [sys.executable, "-c", code, tmp_path / "pid"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        sleeper = wait_for_pid(tmp_path / "pid")
        process.stdin.close()

    assert process.returncode == -signal.SIGKILL
    wait_for_end(sleeper)


def test_other_user(tmp_path: Path):
    """One that may not be killed, as what sudo runs, is not waited for."""
    code = f"""
import os, subprocess, sys
from hatch_mar.trial import descendants
kill = os.kill
def refuse(*_): raise PermissionError
os.kill = refuse
left = subprocess.Popen([sys.executable, "-c", {SLEEP!r}, sys.argv[1]])
descendants.end_children()
assert left.poll() is None
kill(left.pid, 9)
"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "pid"], check=True)
