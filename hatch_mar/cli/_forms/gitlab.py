"""`--output-format gitlab`: a Code Quality report, which GitLab shows in merge requests.

GitLab docs: "Code Quality report format". GitLab drops an entry that lacks one of these properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hatch_mar.cli._forms.located import Located
from hatch_mar.cli._json import print_json
from hatch_mar.finding import Severity

SEVERITIES: Mapping[Severity, str] = {"error": "critical", "warning": "minor", "note": "info"}


def show_report(located: Sequence[Located]) -> None:
    print_json([describe(each) for each in located])


def describe(located: Located) -> dict[str, Any]:
    return {
        "description": located.text,
        "check_name": located.finding.code,
        "fingerprint": located.fingerprint,
        "severity": SEVERITIES[located.finding.severity],
        "location": {"path": located.path, "lines": {"begin": located.line or 1}},
    }
