"""Why a build backend's process failed, as far as its output says."""

from __future__ import annotations

import re

TRACEBACK = "Traceback (most recent call last):"

CODED = re.compile(r"\[MAR\d{3}\]$")
"""How a finding of `hatch_mar.backend` ends."""


def reasons_of(error: Exception) -> list[str]:
    """The reason in one line, or the lines of several faults that `hatch_mar.backend` has found.

    Args:
        error: a `CalledProcessError`, or an error of `pyproject_hooks` or `build`.
    """
    outputs = (text_of(getattr(error, name, None)) for name in ("stderr", "output", "traceback"))
    lines = next(filter(None, outputs), "").splitlines()
    if faults := [line for line in lines if CODED.search(line)]:
        return faults
    if TRACEBACK in lines:
        return [message_after(lines)]
    # Python and pip end with what counts
    return [lines[-1] if lines else str(error)]


def text_of(output: object) -> str:
    text = output.decode(errors="replace") if isinstance(output, bytes) else str(output or "")
    return text.strip()


def message_after(lines: list[str]) -> str:
    """The message of the last exception of which there is a traceback, to its first empty line.

    The frames of a traceback are indented. A message that goes on below is often a dump.
    """
    start = len(lines) - lines[::-1].index(TRACEBACK)
    message: list[str] = []
    for line in lines[start:]:
        if message and not line.strip():
            break
        if message or not line.startswith(" "):
            message.append(line.strip())
    return " ".join(message)
