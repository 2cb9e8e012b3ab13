"""What `hatch-mar check --list` prints: all checks, as lines or as the page of the documentation, or some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hatch_mar.checks import rules
from hatch_mar.finding import Rule


def list_rules(form: str) -> str:
    found = rules()
    if form != "markdown":
        return "\n".join(f"{rule.code}  {rule.severity:7}  {rule.title}" for rule in found)
    *codes, last = (f"`{rule.code}`" for rule in found if rule.is_about_configuration and rule.ignorable)
    rows = (
        " | ".join(text.replace("|", "\\|") for text in (rule.title, rule.consequence, rule.fix))
        for rule in found
    )
    table = [f"| {rule.code} | {describe_severity(rule)} | {row} |" for rule, row in zip(found, rows)]
    return "\n".join(
        [
            "# Checks",
            "",
            "Every build, and `hatch-mar check`, looks for these. An error stops the build: the archive",
            "fails where it is deployed. A warning is shown: it fails under some setting. A note is worth",
            "knowing, and shown by `hatch-mar check` only. What is for a consumer applies if `consumers` in",
            "`[tool.mar]` names it. `ignore` switches codes off; of those that begin with `MAR0`, which are",
            f"about the configuration itself, only {', '.join(codes)} and {last}.",
            "",
            "| Code | Severity | What is wrong | What happens | What to do |",
            "| --- | --- | --- | --- | --- |",
            *table,
        ]
    )


def describe_rules(chosen: Iterable[Rule]) -> Iterator[str]:
    """All that is known of some checks, as lines."""
    for number, rule in enumerate(chosen):
        if number:
            yield ""
        yield f"{rule.code}, {describe_severity(rule)}: {rule.title}"
        yield f"  What happens: {rule.consequence}"
        yield f"  What to do:   {rule.fix}"
        yield f"  More:         {rule.page}"
        if not rule.ignorable:
            yield "  It cannot be ignored."


def describe_severity(rule: Rule) -> str:
    return rule.severity if rule.consumer is None else f"{rule.severity} for {rule.consumer}"
