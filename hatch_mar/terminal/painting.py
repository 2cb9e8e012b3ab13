"""Lines in colour, for streams that take it, and plain for all others."""

from __future__ import annotations

import sys
from typing import TextIO

from hatch_mar.output import write
from hatch_mar.terminal.codes import Style, paint, takes_colours
from hatch_mar.text import escape

Part = str | tuple[str, Style]


class Line:
    """A line whose parts may have styles: `Line(("error", "error"), ": what is wrong")`."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else part[0] for part in self.parts)


def show_painted(*lines: Line) -> None:
    """Print lines to standard output, each of which stays one."""
    write_painted(lines, sys.stdout)


def log_painted(*lines: Line) -> None:
    """Print lines to standard error, each of which stays one."""
    write_painted(lines, sys.stderr)


def write_painted(lines: tuple[Line, ...], stream: TextIO | None) -> None:
    if stream is not None:
        form = render if takes_colours(stream) else escape
        write("".join(f"{form(line)}\n" for line in lines), stream, flush=stream is sys.stderr)


def render(line: Line) -> str:
    """A line with our escape codes, but nobody else's."""
    pairs = [(part, None) if isinstance(part, str) else part for part in line.parts]
    texts = [(escape(text), style) for text, style in pairs]
    plain = escape(line)
    if "".join(text for text, _ in texts) != plain:
        return plain  # only together are two parts a command to the service that runs a build
    return "".join(paint(text, style) if style and text else text for text, style in texts)
