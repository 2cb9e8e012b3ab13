"""Checks of an archive together with its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.budget import Budget
from hatch_mar.checks import check, rules, suggest_code
from hatch_mar.checks.links import check_project_links
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule, field
from hatch_mar.project.config.models import ArchiveConfig, Config

DIGIT = Rule(
    code="MAR009",
    title="The model's name begins with a digit",
    consequence="TorchServe serves the model, but the name does not follow the documented rule",
    fix="begin it with a letter, or add `MAR009` to `ignore`",
    ignorable=True,
)
CODE = Rule(
    code="MAR010",
    title="A code in `ignore` switches nothing off",
    consequence="the check that was meant stays on",
    fix="correct the code, or remove it",
)


def find_faults(config: Config, archive: Archive, root: Path, budget: Budget | None = None) -> list[Finding]:
    """What is wrong with the archive of a project at `root`, without ignored codes."""
    budget = budget or Budget()
    budget.release_memory()
    subject = Subject.of_config(config, archive, root, budget)
    found = [*check(subject), *check_project_links(config, archive, root)]
    return [*check_configuration(config), *not_ignored(found, config)]


def check_configuration(config: Config) -> list[Finding]:
    """What is wrong with a configuration, whatever the archive."""
    return not_ignored([*check_model_name(config), *islice(check_codes(config), MOST_FINDINGS)], config)


def not_ignored(findings: Iterable[Finding], config: Config) -> list[Finding]:
    """The findings, as being about this archive, without those that it ignores."""
    return [
        finding._replace(archives=(config.name,))
        for finding in findings
        if finding.code not in config.ignore or not finding.rule.ignorable
    ]


def check_model_name(config: Config) -> Iterator[Finding]:
    """A name that begins with a digit; only a warning on a command line, as torch-model-archiver packs it."""
    if isinstance(config, ArchiveConfig) and config.model_name[0].isdigit():
        place = config.origins["model-name"]
        text = f"{field(place.key)} begins with a digit: `{config.model_name}`"
        if place.file:
            yield DIGIT.at(place, text)
        else:
            fix = "begin it with a letter; in `[tool.mar]`, this is an error"
            yield DIGIT.at(place, text, fix, severity="warning")


def check_codes(config: Config) -> Iterator[Finding]:
    if not config.ignore:
        return
    known = {rule.code: rule for rule in rules()}
    for number, code in enumerate(config.ignore):
        place = config.origins["ignore"].within(number)
        if code not in known:
            text = f"{field(place.key)} is not the code of a check: `{code}`"
            yield CODE.at(place, text, suggest_code(code) or None)
        elif not known[code].ignorable:
            yield CODE.at(place, f"{field(place.key)} cannot be ignored: `{code}`", "remove it")
