"""What a member of an archive is by its bytes."""

from __future__ import annotations

from hatch_mar.archive.archive import FileSource, Member
from hatch_mar.archive.formats.damage import explain_read_errors
from hatch_mar.budget import FILES, Budget
from hatch_mar.text import escape
from hatch_mar.weights.detect import inspect_weights
from hatch_mar.weights.weights import Weights

BLOCK = 4096
"""Bytes that any file takes on most disks."""


def inspect_contents(member: Member, budget: Budget) -> Weights:
    """What a member is, and what loaders would do with it.

    Raises:
        Exhausted: the budget does not suffice.
        ReadError: it cannot be read.
    """
    budget.spend(FILES)
    with explain_read_errors(escape(member.name)):
        if isinstance(member.source, FileSource):
            budget.grow(max(BLOCK, member.source.size()))
        with member.source.open() as stream:
            return inspect_weights(stream, member.name, budget)
