"""What went wrong in a worker, as its journal or a dump of its stacks has it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FRAME = re.compile(r'^\s*File "(?P<file>.+?)", line (?P<line>\d+)(?:,)? in .+$')
"""A line of a traceback, or of a dump of stacks."""


@dataclass(frozen=True)
class Frame:
    file: str
    """A file of the archive, by its name there."""
    line: int | None


@dataclass(frozen=True)
class WorkerError:
    """An exception in a worker, or only where it was when it hung or crashed."""

    type: str = ""
    """The exception's class; empty if there was none."""
    message: str = ""
    frames: tuple[Frame, ...] = ()
    """Those in the archive's files, the innermost last."""
    module: str | None = None
    """What could not be imported, or what lacks the name that was to be imported from it."""
    masked: str | None = None
    """What TorchServe reports instead."""
    stand_in: bool = False
    """Whether the stand-in for TorchServe had loaded the archive, or was about to."""
    by_torchserve: bool = False
    """Whether a line of TorchServe raised it, and not one of the archive or of another package."""
    printed: str = ""
    """For an exit that the code asked for, the last line before it, which may say why."""
    status: int | None = None
    """The status of a `PredictionException`."""

    @classmethod
    def from_journal(cls, table: dict[str, Any]) -> WorkerError:
        return cls(**{**table, "frames": tuple(Frame(**frame) for frame in table["frames"])})

    @property
    def sentence(self) -> str:
        """The last line of Python's traceback, whose message may have several lines, as one."""
        message = " ".join(self.message.split())
        return f"{self.type}: {message}" if message else self.type


def last_line(output: str) -> str:
    """The last line that is not empty; empty if there is none."""
    return next((line.strip() for line in reversed(output.split("\n")) if line.strip()), "")


def read_stacks(path: Path, model: Path) -> WorkerError | None:
    """Where the archive's code was when all threads' stacks were dumped there (faulthandler).

    The worker's own thread is looked at first.
    """
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    threads = re.split(r"^(?=(?:Current thread|Thread) )", text, flags=re.MULTILINE)
    for thread in sorted(threads, key=lambda thread: "worker.py" not in thread):
        # a dump has the innermost call first
        if frames := tuple(find_frames(reversed(thread.splitlines()), model)):
            return WorkerError(frames=frames)
    return None


def find_frames(lines: Iterable[str], model: Path) -> Iterator[Frame]:
    for line in lines:
        found = FRAME.match(line)
        if found and found["file"].startswith(f"{model}{os.sep}"):
            file = Path(found["file"]).relative_to(model).as_posix()
            yield Frame(file, int(found["line"]))
