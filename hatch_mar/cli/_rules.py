"""What `hatch-mar check --list` prints: all checks, a line each, or all that is known of some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hatch_mar.checks import rules
from hatch_mar.cli._json import print_json
from hatch_mar.finding import Rule
from hatch_mar.output import show


def show_rules(chosen: Sequence[Rule], *, as_json: bool) -> None:
    """Print all that is known of the chosen checks, or if there are none a line for every check."""
    if as_json:
        print_json([rule.to_json() for rule in chosen or rules()])
    elif chosen:
        show(*describe_rules(chosen))
    else:
        show(*list_rules())


def list_rules() -> Iterator[str]:
    """All checks, a line each."""
    for rule in rules():
        yield f"{rule.code}  {rule.severity:7}  {rule.title}"


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
