"""Types a page's commands into bash, but `hatch-mar` into this process, which is ten times as fast."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from hatch_mar.cli import main
from tests.documents.shell import Result


class InProcess:
    """Runs commands in a folder that `cd` changes; nothing else of the shell lasts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, command: str, *, terminal: bool = False) -> Result:
        assert not terminal, "no terminal here"
        program, *arguments = shlex.split(command)
        if program == "cd":
            self.folder = Path(self.folder, arguments[0])
            return Result(0, [])
        if program == "hatch-mar":
            return self.run_here(arguments)
        return self.run_in_bash(command)

    def run_here(self, arguments: list[str]) -> Result:
        printed = io.StringIO()
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            with redirect_stdout(printed), redirect_stderr(printed):
                status = main(arguments)
        finally:
            os.chdir(before)
        return Result(status, printed.getvalue().splitlines())

    def run_in_bash(self, command: str) -> Result:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return Result(done.returncode, done.stdout.splitlines())
