"""Names out of a file, made fit to be read by people."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_QUOTE = 80
"""Characters of a foreign name that a message repeats."""
MOST_MESSAGES = 20
"""A file with a thousand faults is told of by its first twenty."""


def quoted(name: str) -> str:
    """A name between backticks, in one line: a file may hold newlines and escape sequences."""
    short = name if len(name) <= LONGEST_QUOTE else name[:LONGEST_QUOTE] + "..."
    return f"`{printable(short)}`"


def printable(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def counted(number: int, noun: str) -> str:
    """ "1 tensor", "2 tensors"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some(messages: Iterable[str]) -> tuple[str, ...]:
    """The messages without repetition, as many as a person would read."""
    first: dict[str, None] = {}
    others = 0
    for message in messages:
        if len(first) < MOST_MESSAGES:
            first[message] = None
        elif message not in first:
            others += 1
    return (*first, f"and {others} more") if others else tuple(first)
