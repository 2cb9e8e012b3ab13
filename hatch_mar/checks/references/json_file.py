"""JSON files of other programs."""

from __future__ import annotations

import json
from typing import Any

from hatch_mar.archive.archive import Member
from hatch_mar.budget import JSON
from hatch_mar.checks.subject import LARGEST_TEXT, Subject


def read_json(subject: Subject, member: Member, most: int = LARGEST_TEXT) -> Any:
    """A document of less than `most` bytes; None if it is longer, or not JSON.

    Raises:
        Exhausted: too much has been read already.
    """
    data = member.read(most)
    if len(data) == most:
        return None
    subject.budget.spend(JSON, len(data))
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
