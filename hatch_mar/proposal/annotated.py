"""A proposal as the text of TOML tables, with a comment on what each key means."""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.project.config.models import TABLE
from hatch_mar.project.config.schema import ARCHIVE_KEYS
from hatch_mar.project.edit import to_value
from hatch_mar.proposal.draft import Table
from hatch_mar.proposal.proposal import Proposal
from hatch_mar.text import escape

LONGEST_COMMENT = 88


def format_proposal(proposal: Proposal) -> str:
    """The tables, each key with a comment where it comes first."""
    said: set[str] = set()
    tables = []
    if proposal.shared:
        tables.append([f"[{TABLE}]", *format_keys(proposal.shared, said)])
    for table, description in zip(proposal.archives, proposal.descriptions):
        tables.append([f"# {escape(description)}", f"[[{TABLE}.archives]]", *format_keys(table, said)])
    return "\n\n".join("\n".join(lines) for lines in tables) + "\n"


def format_keys(table: Table, said: set[str]) -> Iterator[str]:
    """The lines of a table; of the keys in `said`, what they mean has been said."""
    for key, value in table.items():
        if key not in said:
            yield f"# {explain(key)}"
        said.add(key)
        yield f"{key} = {to_value(value)}"


def explain(key: str) -> str:
    """What a key means, in a line."""
    summary = ARCHIVE_KEYS[key].summary
    return summary if len(summary) <= LONGEST_COMMENT else summary.partition(":")[0]
