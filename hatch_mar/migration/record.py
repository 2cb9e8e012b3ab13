"""A command, run with stand-ins for torch-model-archiver that record the calls it makes.

The stand-ins are executables, first on `PATH`, and Python packages, first on `PYTHONPATH`: so
an environment's own `torch-model-archiver`, which imports `model_archiver`, is met too. They
need nothing of the Python that runs them: all they do is to hand their arguments to this one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hatch_mar.errors import ConfigError
from hatch_mar.migration.call import DROP_IN, MODULES, Call, load_calls
from hatch_mar.migration.on_disk import find_archives, find_new

SHIMS = Path(__file__).parent / "shims"
STDERR = 2
PERIOD, GRACE = 0.05, 5.0
"""Seconds between two looks at a command, and seconds that it has to end when it is asked to."""

Archiver = Callable[[Sequence[str], Path, bool], int]
"""What takes a tool's name and arguments, the directory of the recorded calls, and whether to pack."""

ARCHIVER = """\
import sys
sys.path[:] = {path!r}
from pathlib import Path
from {module} import {function}
sys.exit({function}(sys.argv[1:], Path({calls!r}), {pack!r}))
"""
"""The search path is this process's own, whatever the command's environment says."""


class Recording(NamedTuple):
    command: Sequence[str]
    status: int
    """The command's exit status, less than 0 for a signal."""
    calls: list[Call]
    archives: list[Path]
    """The archives that were not there before, or not as they are now."""

    @property
    def succeeded(self) -> list[Call]:
        return [call for call in self.calls if call.status == 0]

    @property
    def failed(self) -> list[Call]:
        return [call for call in self.calls if call.status != 0]


def record(command: Sequence[str], archiver: Archiver, root: Path, *, pack: bool) -> Recording:
    """Run a command and record the calls it makes. Its standard output goes to standard error.

    New archives are looked for below the working directory and the project at `root`.

    Raises:
        ConfigError: the command cannot be started.
    """
    places = {root, Path.cwd()}
    before = find_archives(places)
    with tempfile.TemporaryDirectory(prefix="hatch-mar-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        calls = place / "calls"
        calls.mkdir()
        script = place / "archiver.py"
        text = ARCHIVER.format(
            path=[os.path.abspath(entry) for entry in sys.path],
            module=archiver.__module__,
            function=archiver.__qualname__,
            calls=str(calls),
            pack=pack,
        )
        script.write_text(text, encoding="utf-8")
        for tool in (*MODULES.values(), DROP_IN):
            write_executable(place / "bin", tool, script)
        shutil.copytree(SHIMS, place / "python")
        environ = os.environ | {
            "PATH": join_paths(place / "bin", os.environ.get("PATH", os.defpath)),
            "PYTHONPATH": join_paths(place / "python", os.environ.get("PYTHONPATH")),
        }
        status = run_command(command, environ)
        return Recording(command, status, load_calls(calls), find_new(before, find_archives(places)))


def join_paths(first: Path, others: str | None) -> str:
    return f"{first}{os.pathsep}{others}" if others else str(first)


def write_executable(directory: Path, tool: str, script: Path) -> None:
    directory.mkdir(exist_ok=True)
    if sys.platform == "win32":
        line = f'@"{sys.executable}" -E "{script}" {tool} %*\r\n'
        (directory / f"{tool}.cmd").write_text(line, encoding="utf-8")
        return
    file = directory / tool
    line = shlex.join((sys.executable, "-E", str(script), tool))
    file.write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
    file.chmod(0o755)


def run_command(command: Sequence[str], environ: dict[str, str]) -> int:
    """The exit status of a command; a signal that ends this process ends the command first.

    On a terminal the command stays in the terminal's foreground, where it can read what is
    typed and gets Ctrl-C itself. Elsewhere it has a group of its own, so that all it has
    started can be ended with it.
    """
    own_group = os.name == "posix" and not (sys.stdin and sys.stdin.isatty())
    with note_signals() as noted:
        try:
            process = subprocess.Popen(command, env=environ, stdout=STDERR, start_new_session=own_group)
        except OSError as error:
            raise ConfigError(f"Cannot run `{command[0]}`: {error.strerror or error}") from None
        status = None
        while status is None and not noted:
            with suppress(subprocess.TimeoutExpired):
                status = process.wait(PERIOD)
        if noted:
            end(process, noted, own_group=own_group)
            raise KeyboardInterrupt if noted[0] == signal.SIGINT else SystemExit(128 + noted[0])
        return process.wait()


@contextmanager
def note_signals() -> Iterator[list[int]]:
    """Signals that would end this process are only noted: one may come while a child is being started."""
    noted: list[int] = []
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    for number, handler in handlers.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, lambda number, _: noted.append(number))
    try:
        yield noted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def end(process: subprocess.Popen[bytes], noted: list[int], *, own_group: bool) -> None:
    """Pass a signal on to a command, and kill what goes on of it after a while, or at another signal."""

    def send(number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if own_group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)

    def is_running() -> bool:
        if process.poll() is None or not own_group:
            return process.returncode is None
        try:
            os.killpg(process.pid, 0)
        except OSError:
            return False
        return True

    if own_group or noted[0] != signal.SIGINT:  # the terminal itself sends Ctrl-C to the command
        send(noted[0])
    deadline = time.monotonic() + GRACE
    while is_running() and time.monotonic() < deadline and len(noted) == 1:
        time.sleep(PERIOD)
    if own_group:
        send(signal.SIGKILL)
    else:
        process.kill()
    process.wait()
