"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\\[\]<>*])")
CODE = re.compile(r"(`[^`]*`)")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, in whose cells `|` may stand."""
    lines = [header, ["---"] * len(header), *rows]
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def plain(text: str) -> str:
    """Text that was not written as Markdown, but for what stands between backticks."""
    parts = CODE.split(text)
    return "".join(part if part.startswith("`") else SPECIAL.sub(r"\\\1", part) for part in parts)


def sentence(text: str) -> str:
    """A message, which begins with a small letter and has no full stop, as a sentence."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."
