"""What can go wrong while TorchServe unpacks a zip or a tar.

TorchServe reads both as streams (pytorch/serve, frontend/archive/…/utils/ZipUtils.java), and so
do the modules that use this one: no further than TorchServe, and in bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hatch_mar.errors import ReadError
from hatch_mar.finding import Finding, Place, Rule

EMPTY = Rule(
    code="MAR801",
    title="TorchServe finds no members in the file",
    consequence="it loads an archive without files, and reports nothing",
    fix="build the archive again, and copy the archive itself",
)
CUT_OFF = Rule(
    code="MAR802",
    title="The file is cut off",
    consequence="TorchServe stops with an `EOFException`, or loads only the members that are left",
    fix="copy or build it again, to its end",
)
DAMAGED = Rule(
    code="MAR803",
    title="The file is damaged",
    consequence=(
        "TorchServe stops unpacking with a `ZipException` or an `IOException`, or unpacks other files than"
        " were packed, or than other tools do"
    ),
    fix="copy or build it again",
)
NOT_UTF_8 = Rule(
    code="MAR804",
    title="A member's name is not UTF-8",
    consequence="TorchServe stops with `malformed input`, or unpacks it under another name",
    fix="build the archive with a tool that writes names in UTF-8",
)
SPECIAL_FILE = Rule(
    code="MAR805",
    title="A member is a link or another special file",
    consequence=(
        "TorchServe writes a regular file: for a link in a zip one that holds the target's name, for"
        " everything else an empty one"
    ),
    fix="pack the file that the link points to",
)


class Stopped(Exception):
    """Unpacking cannot go on."""

    def __init__(self, rule: Rule, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.rule, self.message, self.fix = rule, message, fix

    def at(self, place: Place) -> Finding:
        return self.rule.at(place, self.message, self.fix)


@contextmanager
def explain_stop(file: object) -> Iterator[None]:
    """Raise the end of an unpacking as a ReadError that holds the finding about `file`."""
    try:
        yield
    except Stopped as stopped:
        raise ReadError(stopped.at(Place(str(file)))) from None
