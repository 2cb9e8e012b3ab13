"""Findings of one kind in very many files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule, Severity
from hatch_mar.text import count_of, quote_some


def show_first(found: Iterable[tuple[str, Finding]], place: Place) -> Iterator[Finding]:
    """The first `MOST_FINDINGS` of each rule, and at `place` in which other files there are more.

    A rule's warnings are counted apart from its errors, which they must not hide.

    Args:
        found: each finding with the name of its file.
    """
    shown: Counter[tuple[Rule, Severity]] = Counter()
    others: dict[tuple[Rule, Severity], dict[str, None]] = {}
    for name, finding in found:
        kind = finding.rule, finding.severity
        shown[kind] += 1
        if shown[kind] <= MOST_FINDINGS:
            yield finding
        else:
            others.setdefault(kind, {})[name] = None
    for (rule, severity), names in others.items():
        text = f"The same is true of {count_of(len(names), 'more file')}: {quote_some(list(names))}"
        yield rule.at(place, text, severity=severity)
