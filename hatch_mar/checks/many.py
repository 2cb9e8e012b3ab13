"""Findings of one kind in very many files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule
from hatch_mar.text import count_of, quote_some


def show_first(found: Iterable[tuple[str, Finding]], place: Place) -> Iterator[Finding]:
    """The first `MOST_FINDINGS` of each rule, and at `place` in which other files there are more.

    Args:
        found: each finding with the name of its file.
    """
    shown: Counter[Rule] = Counter()
    others: dict[Rule, dict[str, None]] = {}
    for name, finding in found:
        shown[finding.rule] += 1
        if shown[finding.rule] <= MOST_FINDINGS:
            yield finding
        else:
            others.setdefault(finding.rule, {})[name] = None
    for rule, names in others.items():
        count = count_of(len(names), "more file")
        yield rule.at(place, f"The same is true of {count}: {quote_some(list(names))}")
