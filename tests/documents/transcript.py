"""Whether a command has printed what a document shows."""

from __future__ import annotations

import re

VARYING = (
    (re.compile(r" *\b\d+(?:\.\d+)? (?:ms|s)\b"), " 0 s"),
    (re.compile(r"peak memory \d+(?:\.\d+)? [KMG]iB"), "peak memory 0 MiB"),
    (re.compile(r"Python 3(\.\d+)+"), "Python 3"),
    (re.compile(r"(torch \d+\.\d+\.\d+)\+\w+"), r"\1"),
    (re.compile(r"hatch-mar \d+(\.\w+)+"), "hatch-mar 0"),
    (re.compile(r" *\d+ bytes +\d+ bytes +\w+ +(MAR-INF/MANIFEST\.json)"), r"\1"),
)
"""What differs between two runs, two machines or two releases.

Times, memory, versions of Python, builds of torch; the version of hatch-mar, and what `inspect` shows of the
manifest, in which that version stands.
"""

ELLIPSIS = "…"


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines are those that are expected, where `…` stands for any text or any lines."""
    pattern = "".join(map(pattern_of, trim(expected)))
    return re.fullmatch(pattern, "".join(f"{settle(line)}\n" for line in trim(printed))) is not None


def pattern_of(line: str) -> str:
    if line.strip() == ELLIPSIS:
        return r"(?:.*\n)*?"
    return re.escape(settle(line)).replace(ELLIPSIS, ".*") + r"\n"


def settle(line: str) -> str:
    for pattern, stands in VARYING:
        line = pattern.sub(stands, line)
    return line.rstrip()


def trim(lines: list[str]) -> list[str]:
    """The lines without empty ones at both ends."""
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return text.split("\n") if text else []
