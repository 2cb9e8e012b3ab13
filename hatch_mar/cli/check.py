"""`hatch-mar check`: what would break where an archive is deployed."""

from __future__ import annotations

import json
from pathlib import Path

from hatch_mar.build.plan import findings_of
from hatch_mar.checks import rules
from hatch_mar.checks.archive_file import check_path
from hatch_mar.cli import FAULTS
from hatch_mar.cli._parser import parser
from hatch_mar.cli._selection import chosen, is_path
from hatch_mar.finding import Finding
from hatch_mar.project.layout.layout import laid_out
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.timestamp import build_instant
from hatch_mar.text import shown


def main(arguments: list[str]) -> int:
    command = parser(
        "check",
        "Find what would break where an archive is deployed. None of the archive's code runs.",
        "hatch-mar check\n  hatch-mar check model-store/digits.mar --strict",
    )
    command.add_argument(
        "archives", nargs="*", metavar="NAME|FILE", help="a model's name, or a .mar, .tar.gz or directory"
    )
    command.add_argument(
        "--project", default=".", metavar="DIR", help="the project of the names (default: here)"
    )
    command.add_argument("--strict", action="store_true", help="warnings count as errors")
    command.add_argument("--list", action="store_true", help="show all checks")
    command.add_argument("--json", action="store_const", dest="form", const="json", help="for machines")
    command.add_argument(
        "--output-format", dest="form", choices=["text", "json", "github", "markdown"], default="text",
        help="`github` makes annotations, `markdown` is for --list",
    )  # fmt: skip
    options = command.parse_args(arguments)
    if options.list:
        print(listing(options.form))
        return 0

    files = [Path(name) for name in options.archives if is_path(name)]
    names = [name for name in options.archives if not is_path(name)]
    findings = [finding for file in files for finding in check_path(file)]
    if names or not files:
        findings += check_project(Path(options.project), names)
    print_findings(findings, options.form)
    return FAULTS if any(options.strict or finding.severity == "error" for finding in findings) else 0


def check_project(root: Path, names: list[str]) -> list[Finding]:
    """What is wrong with the archives of a project, or with those named.

    Raises:
        HatchMarError: they cannot be laid out at all.
    """
    project = PyProject(root)
    instant = build_instant(reproducible=project.reproducible)
    found = []
    for config in chosen(project, names):
        found += findings_of(config, laid_out(config, project, instant), project.root)
    return list(dict.fromkeys(found))


def print_findings(findings: list[Finding], form: str) -> None:
    if form == "json":
        print(json.dumps([finding.to_json() for finding in findings], indent=2))
        return
    for finding in findings:
        print(annotation(finding) if form == "github" else shown(f"{finding.severity}: {finding}"))


def annotation(finding: Finding) -> str:
    """A workflow command of GitHub Actions (docs: "Workflow commands", `::error file=…::`)."""
    properties = {"file": finding.place.file, "line": finding.place.line, "title": finding.code}
    written = ",".join(
        f"{key}={escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{finding.severity} {written}::{escaped(f'{finding.message}; {finding.fix}')}"


def escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def listing(form: str) -> str:
    found = rules()
    if form == "json":
        return json.dumps([rule.to_json() for rule in found], indent=2)
    if form != "markdown":
        return "\n".join(f"{rule.code}  {rule.severity:7}  {rule.title}" for rule in found)
    rows = (
        " | ".join(text.replace("|", "\\|") for text in (rule.title, rule.consequence, rule.fix))
        for rule in found
    )
    table = [f"| {rule.code} | {rule.severity} | {row} |" for rule, row in zip(found, rows)]
    return "\n".join(
        [
            "# Checks",
            "",
            "Every build, and `hatch-mar check`, looks for these. An error stops the build: a consumer",
            "fails on it. A warning is shown: some consumer, or some setting, fails on it. In `[tool.mar]`,",
            "`ignore` takes codes to switch off.",
            "",
            "| Code | Severity | What is wrong | What happens | What to do |",
            "| --- | --- | --- | --- | --- |",
            *table,
        ]
    )
