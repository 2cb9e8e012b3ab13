"""What the build frontends do with archives, as the tests run them."""

from __future__ import annotations

from collections.abc import Iterator

from parts.markdown import table
from tests.e2e.frontends import CHECKING, CLEANING, DISCARDING, OF_SDIST, TARGET, WRITING


def list_frontends() -> str:
    """A table of the commands."""
    return table(("Command", "Archives"), ((f"`{command}`", what) for command, what in list_commands()))


def list_commands() -> Iterator[tuple[str, str]]:
    """The commands, each with what it does with archives."""
    for command, (directory, *_) in WRITING.items():
        yield command, f"Written to `{directory}`"
    for command, which in TARGET.items():
        yield command, f"{which.capitalize()} written, nothing else"
    for command in CHECKING:
        yield command, "Checked, but not written"
    for command in CLEANING:
        yield command, "Removed"
    for command in (*DISCARDING, *OF_SDIST):
        yield command, "Left out"
