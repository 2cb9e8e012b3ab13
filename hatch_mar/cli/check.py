"""`hatch-mar check`: what would fail where an archive is deployed."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hatch_mar.budget import Budget
from hatch_mar.build.plan import examine, load_configs, owner_of
from hatch_mar.checks.archive_file import check_path
from hatch_mar.checks.configured import not_ignored
from hatch_mar.cli import FAULTS
from hatch_mar.cli._codes import add_code_options, find_rule, is_wanted
from hatch_mar.cli._findings import add_format_options, choose_form, show_findings, show_verdict
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._rules import show_rules
from hatch_mar.cli._selection import split
from hatch_mar.errors import ConfigError, HatchMarError
from hatch_mar.finding import Finding, merge
from hatch_mar.output import explain, remark
from hatch_mar.project.build_requirements import find_lacking
from hatch_mar.project.config.models import Config, path_of, select
from hatch_mar.project.delegate import find_missing_wrapper, find_wrapping_faults
from hatch_mar.project.hatch_hook import find_missing_hook, find_wrong_options
from hatch_mar.project.key_lines import locate
from hatch_mar.project.layout.targets import Target, find_obstacles, find_sdist_clashes
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.timestamp import build_instant
from hatch_mar.torchserve.consumers import CONSUMERS, DEFAULT_CONSUMERS


def parser() -> ArgumentParser:
    command = make_parser(
        "check",
        "Find what would fail where an archive is deployed. None of the archive's code runs.",
        "hatch-mar check\n  hatch-mar check model-store/digits.mar --strict --ignore MAR902"
        "\n  hatch-mar check --list MAR231",
    )
    command.add_argument(
        "archives",
        nargs="*",
        metavar="NAME|FILE",
        help="a model's or workflow's name, or a .mar, .war, .tar.gz or directory",
    )
    add_project_options(command, "the project that declares the names")
    command.add_argument("--strict", action="store_true", help="warnings count as errors")
    add_code_options(command)
    command.add_argument(
        "--consumer", action="append", choices=CONSUMERS, dest="consumers",
        help="where FILEs are deployed (default: torchserve)",
    )  # fmt: skip
    command.add_argument("--list", action="store_true", help="show all checks, or those with the given codes")
    add_format_options(command)
    return command


def main(arguments: list[str]) -> int:
    command = parser()
    options = command.parse_args(arguments)
    if options.list:
        try:
            chosen = [find_rule(code) for code in options.archives]
        except ArgumentTypeError as error:
            command.error(str(error))
        show_rules(chosen, as_json=options.form == "json")
        return 0

    files, names = split(options.archives, Path(options.project))
    budget = Budget()
    findings: list[Finding] = []
    others: list[str] = []
    archives: list[str] = []
    for file in files:
        with collect(findings, str(file), others=others):
            found = check_path(file, budget, options.consumers or DEFAULT_CONSUMERS)
            findings += [with_path(finding, file) for finding in found]
    if names or not files:
        found, archives, causes = check_project(options, names, budget)
        findings, others = findings + found, others + causes
    findings = [finding for finding in findings if is_wanted(finding, options)]
    form = choose_form(options.form)
    if findings or not others:
        show_findings(findings, form, among=archives, root=Path(options.project), files=files)
        show_verdict(findings, form, passed=not others)
    if others:
        raise ConfigError(*others)
    counted = ("error", "warning") if options.strict else ("error",)
    return FAULTS if any(finding.severity in counted for finding in findings) else 0


def with_path(finding: Finding, archive: Path) -> Finding:
    """A finding in an archive, placed by the archive's path, since two archives may share a name."""
    name, separator, member = (finding.place.file or "").partition("/")
    if name != archive.name:
        return finding
    return finding._replace(place=finding.place._replace(file=f"{archive}{separator}{member}"))


def check_project(
    options: Namespace, names: Sequence[str], budget: Budget
) -> tuple[list[Finding], list[str], list[str]]:
    """What is wrong with a project's configuration and its archives, or with those of these names.

    Then the archives' names. What is not a finding, such as that the build backend fails, ends the
    check, and stands apart.
    """
    findings: list[Finding] = []
    archives: list[str] = []
    others: list[str] = []
    with collect(findings, others=others):
        project = open_project(options, tell=remark)
        findings += find_wrong_options(project.hatch)
        findings += find_wrapping_faults(project.pyproject)
        instant = build_instant(reproducible=project.reproducible)
        configs = select(load_configs(project), names)
        archives += [config.name for config in configs]
        targets: list[Target] = []
        for config in configs:
            target = Target(config, path_of(config, project.root, project.build_directory))
            explain(f"Checking archive `{config.name}`")
            with collect(findings, config.name):
                archive, found = examine(config, project, instant, budget)
                findings += found
                target = target._replace(archive=archive)
            targets.append(target)
        findings += find_unbuilt(configs, project)
        findings += find_obstacles(targets, owner_of(project))
        findings += find_sdist_clashes(configs, project)
    return locate(merge(findings), Path(options.project)), archives, others


def find_unbuilt(configs: Sequence[Config], project: PyProject) -> Iterator[Finding]:
    """Why no build makes the archives, unless they ignore that."""
    missing = [
        *find_missing_hook(project.hatch),
        *find_missing_wrapper(project.root, project.pyproject),
        *find_lacking(project.pyproject, project.hatch),
    ]
    for config in configs:
        yield from not_ignored(missing, config)


@contextmanager
def collect(findings: list[Finding], *archives: str, others: list[str] | None = None) -> Iterator[None]:
    """Add an error's findings about these archives. What else it has goes to `others`, or is raised."""
    try:
        yield
    except HatchMarError as error:
        rest = [cause for cause in error.causes if isinstance(cause, str)]
        if others is not None:
            others += rest
        elif rest:
            raise
        findings += [each._replace(archives=archives or each.archives) for each in error.findings]
