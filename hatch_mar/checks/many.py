"""Findings of one kind in very many files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Place, Rule, Severity
from hatch_mar.text import count_of, quote_some


def show_first(subject: Subject, found: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    """The first `MOST_FINDINGS` of each rule, and one about the archive that names the other files.

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
        yield rule.at(Place(subject.file_name), text, severity=severity)
