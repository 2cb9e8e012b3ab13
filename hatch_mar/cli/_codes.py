"""The options that name checks by their codes."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from hatch_mar.checks import rules, suggest_code
from hatch_mar.finding import Finding, Rule


def add_code_options(command: ArgumentParser) -> None:
    for option, purpose in (("--ignore", "checks to switch off"), ("--select", "the only checks to make")):
        command.add_argument(
            option, action="extend", type=read_codes, default=[], metavar="CODE[,CODE]", help=purpose
        )


def read_codes(text: str) -> list[str]:
    """Codes with commas between them."""
    return [find_rule(code).code for code in text.split(",")]


def find_rule(code: str) -> Rule:
    """The rule with this code.

    Raises:
        ArgumentTypeError: there is none.
    """
    known = {rule.code: rule for rule in rules()}
    if found := known.get(code.strip().upper()):
        return found
    question = suggest_code(code.strip())
    raise ArgumentTypeError(f"`{code}` is not the code of a check" + (f"; {question}" if question else ""))


def is_wanted(finding: Finding, options: Namespace) -> bool:
    """Whether to show it. What leaves a configuration unusable is always shown, as with the key `ignore`."""
    if finding.severity == "note" and options.quiet:
        return False
    if not finding.rule.ignorable:
        return True
    return finding.code not in options.ignore and (not options.select or finding.code in options.select)
