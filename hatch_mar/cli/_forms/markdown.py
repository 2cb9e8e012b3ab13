"""`--output-format markdown`: tables, such as for the summary of a step of GitHub Actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from hatch_mar.cli._forms.located import Located
from hatch_mar.cli._severities import count_findings
from hatch_mar.output import show
from hatch_mar.text import LONGEST_QUOTE, escape, truncate

MOST_ROWS = 500
"""Rows of a table. GitHub drops a summary of more than 1 MiB."""

SPECIAL = re.compile(r"[^\w\s,./;:=%'?!()-]|_|(?<=www)\.|:(?! )", re.IGNORECASE)
"""What may have a meaning in Markdown, HTML or GitHub's additions to them, such as `@name` and `www.`"""


def show_report(located: Sequence[Located]) -> None:
    counted = str(count_findings(each.finding for each in located)) or "all checks passed"
    show(*heading(f"hatch-mar check: {counted}"))
    if located:
        show(*table(("Severity", "Where", "What is wrong", "More"), (row_of(each) for each in located)))


def row_of(located: Located) -> tuple[str, ...]:
    finding = located.finding
    where = located.path if located.line is None else f"{located.path}:{located.line}"
    return finding.severity, code(where), prose(located.text), f"[{finding.code}]({finding.rule.page})"


def heading(text: str) -> Iterator[str]:
    yield f"### {prose(text)}"
    yield ""


def listed(sentences: Iterable[object]) -> Iterator[str]:
    """A list of sentences, or nothing if there are none."""
    items = [f"- {prose(sentence)}" for sentence in sentences]
    yield from items
    yield from [""] * bool(items)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table whose cells are Markdown already; a long one ends with how many rows are left out."""
    rows = iter(rows)
    yield row(head)
    yield row(["---"] * len(head))
    yield from (row(cells) for cells in islice(rows, MOST_ROWS))
    if more := sum(1 for _ in rows):
        yield row([f"and {more:,} more", *[""] * (len(head) - 1)])
    yield ""


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(name: object) -> str:
    """A name as code, whatever it contains. A code span could not have every one of them in a table."""
    return f"<code>{neutralise(truncate(str(name), LONGEST_QUOTE))}</code>"


def prose(text: object) -> str:
    """A sentence, with what it quotes in backticks as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:  # something that it quotes has a backtick itself
        return neutralise("`".join(parts))
    return "".join(
        f"<code>{neutralise(part)}</code>" if odd % 2 else neutralise(part) for odd, part in enumerate(parts)
    )


def neutralise(text: str) -> str:
    """Text in which nothing is Markdown: references to characters are never markup (CommonMark 2.5)."""
    return SPECIAL.sub(lambda found: f"&#{ord(found[0])};", escape(text))
