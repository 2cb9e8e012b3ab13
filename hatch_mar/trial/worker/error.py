"""An error of the worker's, as it told it: in the journal, in a dump of its stacks, in TorchServe's log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILT_INS = "ts.torch_handler"
"""Where TsModelLoader looks for a handler that it could not import, whatever the reason."""

FRAME = re.compile(r'^\s*File "(?P<file>.+?)", line (?P<line>\d+)(?:,)? in (?P<function>.+)$')
ERROR = re.compile(r"^(?P<type>(?:\w+\.)*\w+): (?P<message>.*)$|^(?P<bare>(?:\w+\.)*\w+)$")
MODULE = re.compile(r"No module named '(?P<name>[^']+)'")
LOGGED = re.compile(r"^.*? MODEL_LOG - (?P<text>.*)$")


@dataclass(frozen=True)
class Frame:
    file: str
    """A file of the archive, by its name there."""
    line: int | None
    function: str


@dataclass(frozen=True)
class Told:
    type: str = ""
    """The exception's class; empty where there is none, but a stack."""
    message: str = ""
    frames: tuple[Frame, ...] = ()
    """The archive's own, the innermost last."""
    module: str | None = None
    """What could not be imported."""
    masked: str | None = None
    """What TorchServe says in its place."""
    status: int | None = None
    """The status of a `PredictionException`."""

    @classmethod
    def from_journal(cls, table: dict[str, Any]) -> Told:
        frames = tuple(Frame(**frame) for frame in table["frames"])
        keys = ("type", "message", "module", "masked", "status")
        return cls(frames=frames, **{key: table[key] for key in keys})

    @property
    def sentence(self) -> str:
        """The error as Python's last line of a traceback has it, on one line."""
        message = " ".join(self.message.split())
        return f"{self.type}: {message}" if message else self.type


def stacks_told(path: Path, model: Path) -> Told | None:
    """The archive's place in a dump of all threads' stacks (faulthandler), of which the main one counts."""
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    threads = re.split(r"^(?=(?:Current thread|Thread) )", text, flags=re.MULTILINE)
    for thread in sorted(threads, key=lambda thread: "worker.py" not in thread):
        # a dump has the innermost call first
        if frames := tuple(frames_in(reversed(thread.splitlines()), model)):
            return Told(frames=frames)
    return None


def frames_in(lines: Iterable[str], model: Path) -> Iterable[Frame]:
    for line in lines:
        found = FRAME.match(line)
        if found and found["file"].startswith(f"{model}{os.sep}"):
            file = Path(found["file"]).relative_to(model).as_posix()
            yield Frame(file, int(found["line"]), found["function"])


def log_told(log: str) -> Told | None:
    """The last error of a worker in TorchServe's log; instead of one that masks it, the real one."""
    lines = [found["text"] for line in log.splitlines() if (found := LOGGED.match(line))]
    tracebacks: list[Told] = []
    block: list[str] | None = None
    for line in lines:
        if line.startswith("Traceback (most recent call last)"):
            block = []
        elif block is not None and not line.startswith(" ") and (found := ERROR.match(line)):
            tracebacks.append(from_traceback(block, found))
            block = None
        elif block is not None:
            block.append(line)
    # the worker raises one of its own after it has told why (model_service_worker.py, `handle_connection`)
    while len(tracebacks) > 1 and re.match(r"5\d\d - ", tracebacks[-1].message):
        del tracebacks[-1]
    if not tracebacks:
        return None
    last = tracebacks[-1]
    if len(tracebacks) > 1 and (last.module or "").startswith(BUILT_INS):
        real = tracebacks[-2]
        return Told(real.type, real.message, real.frames, real.module, masked=last.message)
    return last


def from_traceback(block: list[str], error: re.Match[str]) -> Told:
    frames = []
    for line in block:
        found = FRAME.match(line)
        # <temporary directory>/models/<id>/<file> (ZipUtils.java)
        if found and (parts := re.search(r"[/\\]models[/\\]\w+[/\\](.+)$", found["file"])):
            frames.append(Frame(parts[1].replace("\\", "/"), int(found["line"]), found["function"]))
    message = error["message"] or ""
    module = MODULE.search(message)
    kind = (error["type"] or error["bare"]).rpartition(".")[2]
    return Told(kind, message, tuple(frames), module["name"] if module else None)
