"""How many findings there are of each severity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hatch_mar.finding import Finding, Severity
from hatch_mar.terminal.painting import Line, Part
from hatch_mar.text import count_of

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


def count_findings(findings: Iterable[Finding]) -> Line:
    """How many there are of each severity: "2 errors, 1 warning"."""
    counts = Counter(finding.severity for finding in findings)
    parts: list[Part] = []
    for severity in SEVERITIES:
        if counts[severity]:
            parts += [", "] * bool(parts) + [(count_of(counts[severity], severity), severity)]
    return Line(*parts)
