"""`hatch-mar`: the core without hatch, a module a command."""

from __future__ import annotations

import errno
import sys
import time
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Protocol, cast

from hatch_mar.__about__ import __version__
from hatch_mar.errors import HatchMarError, explain_system_errors
from hatch_mar.output import QUIET, VERBOSE, abandon, explain, finish, log, prepare, set_verbosity, show
from hatch_mar.own_modules import leave_out_modules
from hatch_mar.text import did_you_mean, format_seconds

if TYPE_CHECKING:
    from argparse import ArgumentParser

COMMANDS = {
    "init": "propose a [tool.mar] for a repository",
    "fetch": "fetch the files that a project's pyproject.toml declares with a URL and a digest",
    "build": "write the archives that a project's pyproject.toml declares",
    "archive": "write one archive, with the options of torch-model-archiver",
    "check": "find what would fail where an archive is deployed",
    "inspect": "show what is in an archive",
    "diff": "compare two archives",
    "try": "run an archive's code as TorchServe's worker would, and show its answers",
    "verify": "check that archives are what was released",
    "publish": "put archives into a directory, or into a store such as S3",
    "deploy": "roll archives out to a running TorchServe, without losing a request",
    "migrate": "run a command, and turn its torch-model-archiver calls into [tool.mar] tables",
    "schema": "print the JSON Schema of [tool.mar], for editors",
    "completion": "print a script that completes the command line in bash, zsh or fish",
}
"""The commands, each the module of its name in this package, imported only when it is called."""

FAULTS, USAGE, INTERRUPTED = 1, 2, 130
"""Exit statuses; the last one is a shell's for a process that SIGINT ended."""


class Command(Protocol):
    """What a command's module has."""

    def parser(self) -> ArgumentParser:
        """All of its options."""

    def main(self, arguments: list[str]) -> int:
        """Run it; the exit status is that of `hatch-mar`."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 0, 1 for faults found, 2 for wrong usage."""
    prepare()
    try:
        try:
            return run(*(sys.argv[1:] if arguments is None else arguments) or ["--help"])
        finally:
            finish()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        abandon()
        with suppress(OSError):
            log(f"Cannot write the output: {error.strerror}")
        return FAULTS


def run(name: str, *arguments: str) -> int:
    if name == "help" and arguments:
        name, arguments = arguments[0], ("--help",)
    if name in ("-h", "--help", "help"):
        show(*usage().split("\n"))
        return 0
    if name in ("-V", "--version"):
        show(f"hatch-mar {__version__}")
        return 0
    if name not in COMMANDS:
        log(explain_unknown(name))
        return USAGE
    set_verbosity("normal")
    began = time.monotonic()
    try:
        with explain_system_errors(), leave_out_modules():
            status = load_command(name).main([*arguments])
            explain(f"Took {format_seconds(time.monotonic() - began)}")
            return status
    except HatchMarError as error:
        log(*error.faults)
        return FAULTS
    except KeyboardInterrupt:
        return INTERRUPTED


def explain_unknown(word: str) -> str:
    """What to write instead of a first word that is neither a command nor an option of `hatch-mar`."""
    if word in ("-q", "--quiet", "-v", "--verbose"):
        return f"`{word}` is an option of the commands: `hatch-mar COMMAND {word}`"
    kind = "option" if word.startswith("-") else "command"
    hint = did_you_mean(word, [*COMMANDS, "help", "--help", "--version"]) or "see `hatch-mar --help`"
    return f"Unknown {kind} `{word}`; {hint}"


def load_command(name: str) -> Command:
    """The module of one of `COMMANDS`."""
    module = f"{name}_" if iskeyword(name) else name
    return cast("Command", import_module(f"{__name__}.{module}"))


def usage() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {what}" for name, what in COMMANDS.items())
    return (
        "usage: hatch-mar COMMAND ...\n\n"
        "TorchServe model archives, declared in pyproject.toml.\n\n"
        f"{commands}\n\n"
        "Every command has:\n"
        f"  -q, --quiet    {QUIET}\n"
        f"  -v, --verbose  {VERBOSE};\n"
        "                 `archive` has only the long one, since `-v` is the model's version there\n"
        "  -V             show the version of hatch-mar\n\n"
        "`hatch-mar help COMMAND` shows a command's options, with an example."
    )
