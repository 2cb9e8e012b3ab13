"""What `model_archiver` and `workflow_archiver` share: they hand a call to the executable beside them.

Runs under any Python from 3.7 on, in a copy of this directory that `hatch-mar migrate` makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from enum import Enum
from typing import Any

BIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin")


class ArchiverFailed(Exception):
    """The executable ended with an exit status other than 0; the message is what it said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def call(tool: str, arguments: Iterable[str], changed_manifest: Iterable[str] = ()) -> None:
    """Record a call and pack the archive.

    `changed_manifest` has the keys of the manifest to which a program gave values of its own.

    Raises:
        ArchiverFailed: the archive cannot be packed.
    """
    done = subprocess.run(
        [os.path.join(BIN, f"{tool}.cmd" if os.name == "nt" else tool), *arguments],
        env={**os.environ, "HATCH_MAR_CHANGED_MANIFEST": ",".join(changed_manifest)},
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise ArchiverFailed(done.returncode, done.stderr.strip())


def call_with_own_arguments(tool: str) -> None:
    """The same with the arguments of the program itself, which ends where the call fails."""
    try:
        call(tool, sys.argv[1:])
    except ArchiverFailed as error:
        sys.exit(error.status)


def options_of(config: Any, names: Iterable[str]) -> list[str]:
    """The command line that says what a configuration does, or anything with its attributes."""
    arguments = []
    for name in names:
        value = getattr(config, name, None)
        if isinstance(value, Enum):
            value = value.value
        option = f"--{name.replace('_', '-')}"
        if name == "version":
            arguments.append(f"{option}={value or ''}")
        elif name == "export_path" and value and os.fspath(value) == os.getcwd():
            pass  # the default
        elif value is True:
            arguments.append(option)
        elif value:
            arguments.append(f"{option}={value}")
    return arguments


def changed_keys(ours: str, theirs: str | None) -> list[str]:
    """The keys whose values differ in two manifests, apart from the time."""
    one, other = json.loads(ours), json.loads(theirs or ours)
    return [key for key in {**one, **other} if key != "createdOn" and one.get(key) != other.get(key)]
