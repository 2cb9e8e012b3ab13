"""The checks: all of them in a list, and each on a page with an example that the tests run."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from hatch_mar.checks import rules
from hatch_mar.finding import Rule
from parts.markdown import sentence, table

EXAMPLES = Path(__file__).parents[2] / "tests" / "checks" / "examples"

SUBJECTS = {
    "MAR0": "Configuration and files",
    "MAR1": "Manifest and names",
    "MAR2": "Handler",
    "MAR3": "Model file",
    "MAR4": "Weights and whatever else is loaded",
    "MAR5": "Model configuration",
    "MAR6": "Requirements",
    "MAR7": "Labels",
    "MAR8": "Container",
    "MAR85": "Workflow",
    "MAR9": "Portability",
}
"""What the checks are about, by what their codes begin with."""

BEGINNING = (
    "The files that are not shown are those of [this little project](index.md#the-project-of-the-examples)."
)


def subject_of(rule: Rule) -> str:
    return SUBJECTS[max((start for start in SUBJECTS if rule.code.startswith(start)), key=len)]


def list_checks() -> str:
    """All checks by subject, a line each."""
    by_subject = sorted(rules(), key=lambda rule: [*SUBJECTS.values()].index(subject_of(rule)))
    return "\n\n".join(
        f"## {subject}\n\n{list_rules([*group])}" for subject, group in groupby(by_subject, subject_of)
    )


def list_rules(chosen: list[Rule]) -> str:
    rows = [(f"[{rule.code}]({rule.code}.md)", mark_severity(rule), rule.title) for rule in chosen]
    return table(("Code", "Severity", "What is wrong"), rows)


def mark_severity(rule: Rule) -> str:
    """A rule's severity, marked for the script that filters the list by it."""
    consumer = f" for {rule.consumer}" if rule.consumer else ""
    return f'<span class="severity">{rule.severity}</span>{consumer}'


def list_ignorable() -> str:
    """The checks of the configuration that `ignore` switches off."""
    *codes, last = (
        f"[`{rule.code}`]({rule.code}.md)"
        for rule in rules()
        if rule.is_about_configuration and rule.ignorable
    )
    return (
        "Of the codes that begin with `MAR0`, which are about the configuration itself, it takes only"
        f" {', '.join(codes)} and {last}."
    )


def write_pages() -> dict[str, str]:
    """The page of each check, by its file's name."""
    return {f"{rule.code}.md": write_page(rule) for rule in rules()}


def write_page(rule: Rule) -> str:
    example = EXAMPLES / f"{rule.code}.md"
    parts = [
        f"# {rule.code}: {rule.title}",
        describe_severity(rule),
        f"**What happens:** {sentence(rule.consequence)}",
        f"**What to do:** {sentence(rule.fix)}",
        show_example(example.read_text(encoding="utf-8")),
    ]
    return "\n\n".join(parts) + "\n"


def describe_severity(rule: Rule) -> str:
    article = "An" if rule.severity == "error" else "A"
    consumer = f", if `consumers` has `{rule.consumer}`" if rule.consumer else ""
    ignored = f'`ignore = ["{rule.code}"]` switches it off.' if rule.ignorable else "It cannot be ignored."
    return f"{article} [{rule.severity}](index.md#severities){consumer}. {ignored} [All checks](index.md)"


def show_example(text: str) -> str:
    """An example without what only its runner reads, and with a link to the files that it begins with."""
    text = re.sub(r"^ *<!--.*?-->\n", "", text, flags=re.M | re.S).strip()
    return text.replace("## Example\n", f"## Example\n\n{BEGINNING}\n", 1)


def show_project() -> str:
    """The files that each example begins with."""
    return (EXAMPLES / "project.md").read_text(encoding="utf-8").partition("\n\n")[2].strip()
