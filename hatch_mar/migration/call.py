"""A call of torch-model-archiver or torch-workflow-archiver, and the file that it is recorded in."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from hatch_mar.text import name_of_status

MODEL_ARCHIVER = "torch-model-archiver"
WORKFLOW_ARCHIVER = "torch-workflow-archiver"

MODULES = {
    "model_archiver.model_packaging": MODEL_ARCHIVER,
    "workflow_archiver.workflow_packaging": WORKFLOW_ARCHIVER,
}
"""What `python -m` runs them as."""

DROP_IN = "hatch-mar"
"""Its command `archive` has the options of torch-model-archiver."""


class Call(NamedTuple):
    tool: str
    arguments: Sequence[str]
    directory: str
    """The working directory, absolute."""
    status: int | None = None
    """The exit status; None while the call runs."""
    members: Mapping[str, Sequence[str]] | None = None
    """What was packed, as `packed.snapshot` has it; None where nothing was."""
    changed_manifest: Sequence[str] = ()
    """The keys of the manifest to which a program gave values of its own."""
    overwrote: bool = False
    """Whether an archive was there before, which `--force` let the call replace."""
    inode: int | None = None
    """The number of the archive's file, by which it is known again when it has another name."""

    @property
    def ending(self) -> str:
        """How the call ended, as a sentence goes on."""
        return "did not end" if self.status is None else f"ended with {name_of_status(self.status)}"

    def __str__(self) -> str:
        return shlex.join((self.tool, *self.arguments))


def call_in(command: Sequence[str], directory: str) -> Call | None:
    """The call that a command is, where it is one of the tools itself; it need not be run."""
    name, arguments = PurePath(command[0]).name.removesuffix(".exe"), command[1:]
    if re.fullmatch(r"py|python[0-9.]*", name) and len(arguments) > 1 and arguments[0] == "-m":
        name, arguments = {**MODULES, "hatch_mar": DROP_IN}.get(arguments[1], ""), arguments[2:]
    if name == DROP_IN and arguments and arguments[0] == "archive":
        name, arguments = MODEL_ARCHIVER, [word for word in arguments[1:] if word != "--strict"]
    return Call(name, arguments, directory, status=0) if name in MODULES.values() else None


class CallFile:
    """The file of one call, in a directory that many calls may write to at the same time."""

    def __init__(self, directory: Path) -> None:
        # names sort by the time at which a call began
        self.path = directory / f"{time.time_ns():020}-{os.urandom(8).hex()}.json"

    def save(self, call: Call) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(call._asdict()), encoding="utf-8")
        os.replace(draft, self.path)


def load_calls(directory: Path) -> list[Call]:
    files = sorted(directory.glob("*.json"))
    return [Call(**json.loads(file.read_text(encoding="utf-8"))) for file in files]
