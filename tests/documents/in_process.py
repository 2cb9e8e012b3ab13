"""Types a page's commands into this process, for pages that only use `hatch-mar` and `python FILE`."""

from __future__ import annotations

import io
import os
import runpy
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from hatch_mar.cli import main
from tests.documents.shell import Result


class InProcess:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, command: str, *, terminal: bool = False) -> Result:
        assert not terminal, "no terminal here"
        program, *arguments = shlex.split(command)
        if program == "cd":
            self.folder = Path(self.folder, arguments[0])
            return Result(0, [])
        printed = io.StringIO()
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            with redirect_stdout(printed), redirect_stderr(printed):
                if program == "python":
                    runpy.run_path(arguments[0], run_name="__main__")
                    status = 0
                elif program == "hatch-mar":
                    status = main(arguments)
                else:
                    raise AssertionError(f"`{program}` cannot be run here; use `hatch-mar` or `python`")
        finally:
            os.chdir(before)
        return Result(status, printed.getvalue().splitlines())
