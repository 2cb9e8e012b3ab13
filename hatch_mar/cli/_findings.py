"""How findings are shown: with the line that they are about, in one line each, as JSON, or for a service."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from hatch_mar.cli._json import print_json
from hatch_mar.cli._output_format import add_output_format
from hatch_mar.cli._severities import count_findings
from hatch_mar.finding import Finding, name_archives
from hatch_mar.output import is_quiet, log
from hatch_mar.terminal.painting import Line, Part, log_painted, show_painted
from hatch_mar.text import show_path

SERVICES = ("github", "gitlab", "markdown", "sarif")
"""The forms that are modules of `_forms`, each imported only when it is asked for."""
FORMS = ("full", "concise", "json", *SERVICES)


def add_format_options(command: ArgumentParser) -> None:
    add_output_format(
        command, FORMS,
        "`full` shows the line of the file, and is the default on a terminal; `concise` is one line for"
        " each finding, and the default elsewhere; `github` makes annotations, `gitlab` a Code Quality"
        " report, `markdown` a table, and `sarif` a log for code scanning",
    )  # fmt: skip


def choose_form(wanted: str | None) -> str:
    """The form to use: the one that was asked for, or what suits standard output."""
    return wanted or ("full" if sys.stdout is not None and sys.stdout.isatty() else "concise")


def show_findings(
    findings: Sequence[Finding], form: str, *, among: Collection[str], root: Path, files: Sequence[Path] = ()
) -> None:
    """Print findings about the archives of the project at `root` with the names `among`, or about `files`."""
    paths = {str(file) for file in files}

    def name(finding: Finding) -> str:
        # the place of what is wrong with a file begins with its path
        return "" if paths.intersection(finding.archives) else name_archives(finding, among)

    def find(finding: Finding) -> Finding:
        return finding if paths.intersection(finding.archives) else place_from_here(finding, root)

    if form == "json":
        print_json([finding.to_json() for finding in findings])
    elif form in SERVICES:
        from hatch_mar.cli._forms.located import locate_findings

        located = locate_findings(findings, among=among, root=root, files=files)
        import_module(f"hatch_mar.cli._forms.{form}").show_report(located)
    elif form == "full":
        from hatch_mar.cli._excerpts import find_excerpts

        excerpts = find_excerpts(findings, root, files)
        for finding in findings:
            show_painted(*full_lines(find(finding), name(finding), excerpts.get(finding)))
    else:
        for finding in findings:
            show_painted(Line((finding.severity, finding.severity), f": {find(finding)}{name(finding)}"))


def place_from_here(finding: Finding, root: Path) -> Finding:
    """A finding about a file of the project at `root`, with the file's path from the working directory."""
    file = finding.place.file
    path = Path(os.path.abspath(root), file or "")
    if file is None or not os.path.exists(path):  # a member of an archive that is to be built
        return finding
    return finding._replace(place=finding.place._replace(file=show_path(path, Path.cwd())))


def log_findings(
    causes: Sequence[Finding | str], root: Path, among: Collection[str] = (), *, prefix: str = ""
) -> None:
    """Print what is wrong with a project to standard error: on a terminal in full, elsewhere a line each.

    Each of these lines begins with `prefix`.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        log(*(f"{prefix}{line_of(cause, root, among)}" for cause in causes))
        return
    from hatch_mar.cli._excerpts import find_excerpts
    from hatch_mar.project.key_lines import locate

    findings = locate((cause for cause in causes if isinstance(cause, Finding)), root)
    excerpts = find_excerpts(findings, root, ())
    for finding in findings:
        found = place_from_here(finding, root)
        log_painted(*full_lines(found, name_archives(finding, among), excerpts.get(finding)))
    log_painted(*(Line(("error", "error"), f": {cause}") for cause in causes if isinstance(cause, str)))


def line_of(cause: Finding | str, root: Path, among: Collection[str]) -> str:
    """What is wrong with the project at `root`, in one line."""
    if isinstance(cause, str):
        return cause
    return f"{place_from_here(cause, root)}{name_archives(cause, among)}"


def show_verdict(findings: Collection[Finding], form: str, *, passed: bool) -> None:
    """Print that all checks `passed`, or how many findings there are where they take several lines each."""
    if is_quiet() or form not in ("full", "concise"):
        return
    if passed and all(finding.severity == "note" for finding in findings):
        show_painted(Line(("All checks passed", "passed")))
    elif form == "full":
        show_painted(count_findings(findings))


def full_lines(finding: Finding, archives: str, excerpt: str | None) -> Iterator[Line]:
    """What is wrong, where, the line of that place, what to do, and where there is more about it."""
    place = finding.place
    severity: Part = (finding.severity, finding.severity)
    head: list[Part] = [severity, ": ", (finding.message, "strong"), f" [{finding.code}]"]
    margin = " " * len(str(place.line or ""))
    if place.file:
        yield Line(*head)
        where = place.file if place.line is None else f"{place.file}:{place.line}"
        yield Line(margin, ("--> ", "faint"), where, archives)
    else:
        yield Line(*head, archives)
    if excerpt:
        yield Line((f"{margin} |", "faint"))
        yield Line((f"{place.line} | ", "faint"), excerpt)
        yield Line((f"{margin} |", "faint"))
    if finding.fix:
        yield Line((f"{margin} = ", "faint"), "help: ", finding.fix)
    yield Line((f"{margin} = ", "faint"), "more: ", finding.rule.page)
    yield Line()
