"""What `--output-format github` prints: findings that GitHub shows beside the lines that they are about."""

from __future__ import annotations

import os
from pathlib import Path

from hatch_mar.finding import Finding
from hatch_mar.text import escape


def annotation(finding: Finding, root: Path) -> str:
    """A workflow command of GitHub Actions (docs: "Workflow commands", `::error file=…::`).

    Args:
        finding: its place is a path that begins at `root`, the project.
    """
    command = "notice" if finding.severity == "note" else finding.severity
    file = finding.place.file and path_in_repository(finding.place.file, root)
    properties = {"file": file, "line": finding.place.line, "title": finding.code}
    written = ",".join(
        f"{key}={escape_data(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{command} {written}::{escape_data(finding.text)}"


def path_in_repository(file: str, root: Path) -> str:
    """A file's path as GitHub knows it: from the root of the repository, wherever in it the project is."""
    path = Path(os.path.normpath(root.resolve() / file))
    repository = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    if path.exists() and path.is_relative_to(repository):
        return path.relative_to(repository).as_posix()
    return file


def escape_data(text: str) -> str:
    return escape(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
