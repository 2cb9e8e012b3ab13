"""The way out for every line that a command or the backend shows.

What others wrote, such as a name in an archive, can neither control a terminal nor give a command to the
service that runs a build, because no line leaves another way.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Literal, TextIO

from hatch_mar.text import escape

Verbosity = Literal["quiet", "normal", "verbose"]

QUIET = "show only results and faults, without notes and progress"
VERBOSE = "also show what is done, why, and how long it takes"
"""What the two mean, for every command."""

verbosity: Verbosity = "normal"


def set_verbosity(wanted: Verbosity) -> None:
    global verbosity  # noqa: PLW0603 - a process has one standard error
    verbosity = wanted


def is_quiet() -> bool:
    return verbosity == "quiet"


def remark(*lines: object) -> None:
    """Print lines to standard error, unless the command is to be quiet."""
    if not is_quiet():
        log(*lines)


def explain(*lines: object) -> None:
    """Print lines to standard error if the command is to say what it does and why."""
    if verbosity == "verbose":
        log(*lines)


def prepare() -> None:
    """Have characters escaped that the output's encoding lacks, as Python does for standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def show(*lines: object, flush: bool = False) -> None:
    """Print lines to standard output, each of which stays one."""
    write("".join(f"{escape(line)}\n" for line in lines), sys.stdout, flush=flush)


def log(*lines: object) -> None:
    """Print lines to standard error, each of which stays one."""
    write("".join(f"{escape(line)}\n" for line in lines), sys.stderr, flush=True)


def prompt(text: str) -> None:
    """Show what is to be typed, and stay on its line."""
    write(escape(text), sys.stderr, flush=True)


def annotate(command: str) -> None:
    """Print a workflow command of our own, whose parts have been escaped."""
    write(f"{command}\n", sys.stdout)


def write(text: str, stream: TextIO | None, *, flush: bool = False) -> None:
    if stream is not None and text:  # a closed one is none: `>&-`
        stream.write(text)
        if flush:
            stream.flush()


def finish() -> None:
    """Write what is buffered, so that what cannot be written is met here and not when Python exits."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def abandon() -> None:
    """Drop what cannot be written, which Python would try again when it exits (docs of `signal`)."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
