"""A shell that a page's commands are typed into, so that `cd` and `export` last."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import NamedTuple

from tests.terminals import run_on_terminal

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


DEADLINE = 900
"""Seconds after which a command hangs for certain."""


class Result(NamedTuple):
    status: int
    lines: list[str]


class Shell:
    """Bash in a folder, in a session of its own that ends with it, whatever was started there."""

    def __init__(self, folder: Path, environ: Mapping[str, str], deadline: float = DEADLINE) -> None:
        self.deadline = deadline
        self.scratch = Path(tempfile.mkdtemp(prefix="shell"))
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.PIPE,
            pass_fds=[write],
            start_new_session=True,
            encoding="utf-8",
        )
        os.close(write)
        self.statuses = os.fdopen(read)
        self.status_descriptor = write

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.statuses.close()
        if self.process.stdin:
            self.process.stdin.close()
        rmtree(self.scratch)

    def run(self, command: str, *, terminal: bool = False) -> Result:
        """What a command prints to standard output and error."""
        script, output = self.scratch / "script", self.scratch / "output"
        if terminal:
            return self.run_on_terminal(command)
        script.write_text(command, encoding="utf-8")
        return self.type(f'eval "$(cat {script})" </dev/null >{output} 2>&1', output)

    def type(self, line: str, output: Path) -> Result:
        output.write_bytes(b"")
        assert self.process.stdin is not None
        # the descriptor is the shell's alone: what is started and stays would keep the pipe open
        pipe = self.status_descriptor
        self.process.stdin.write(f"{{ {line}; }} {pipe}>&-\necho $? >&{pipe}\n")
        self.process.stdin.flush()
        is_done, _, _ = select.select([self.statuses], [], [], self.deadline)
        status = self.statuses.readline() if is_done else ""
        if not status:
            what = "The shell has ended" if is_done else f"No end after {self.deadline} seconds"
            raise EOFError(f"{what}: {output.read_text(encoding='utf-8', errors='replace')}")
        return Result(int(status), output.read_text(encoding="utf-8", errors="replace").splitlines())

    def run_on_terminal(self, command: str) -> Result:
        """As `run`, on a terminal; a command that changes the shell's folder or variables does not last."""
        exports = self.scratch / "exports"
        self.type(f"{{ export -p; echo \"cd '$PWD'\"; }} >{exports}", self.scratch / "output")
        prefix = f". {exports}; stty cols 100 rows 40; "
        status, text = run_on_terminal(["bash", "--norc", "--noprofile", "-c", prefix + command])
        return Result(status, [last_state(line) for line in text.splitlines()])


def last_state(line: str) -> str:
    """What a line of a terminal shows in the end, without its colours."""
    return ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
