"""`--output-format github`: annotations, which GitHub shows beside the lines that they are about."""

from __future__ import annotations

from collections.abc import Sequence

from hatch_mar.cli._forms.located import Located
from hatch_mar.output import annotate
from hatch_mar.text import escape


def show_report(located: Sequence[Located]) -> None:
    for each in located:
        annotate(annotation(each))


def annotation(located: Located) -> str:
    """A workflow command of GitHub Actions (docs: "Workflow commands", `::error file=…::`)."""
    severity = located.finding.severity
    properties = {"file": located.path, "line": located.line, "title": located.finding.code}
    written = ",".join(
        f"{key}={escape_data(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{'notice' if severity == 'note' else severity} {written}::{escape_data(located.text)}"


def escape_data(text: str) -> str:
    return escape(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
