"""What `--output-format github` prints: findings that GitHub shows beside the lines that they are about."""

from __future__ import annotations

from hatch_mar.finding import Finding
from hatch_mar.text import escape


def annotation(finding: Finding) -> str:
    """A workflow command of GitHub Actions (docs: "Workflow commands", `::error file=…::`)."""
    command = "notice" if finding.severity == "note" else finding.severity
    properties = {"file": finding.place.file, "line": finding.place.line, "title": finding.code}
    written = ",".join(
        f"{key}={escape_data(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{command} {written}::{escape_data(finding.text)}"


def escape_data(text: str) -> str:
    return escape(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
