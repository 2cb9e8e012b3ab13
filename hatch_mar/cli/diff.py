"""`hatch-mar diff`: how two archives differ."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from hatch_mar.cli import FAULTS
from hatch_mar.cli._json import print_json
from hatch_mar.cli._output_format import add_report_format
from hatch_mar.cli._parser import make_parser
from hatch_mar.inspection.diff import Difference, compare
from hatch_mar.output import show
from hatch_mar.terminal.progress import show_progress
from hatch_mar.text import LONGEST_QUOTE, count_of, truncate


def parser() -> ArgumentParser:
    command = make_parser(
        "diff",
        "Compare two archives, whatever their formats. The exit status is 1 if they differ.",
        "hatch-mar diff model-store/digits.mar dist/digits.mar",
    )
    command.add_argument("a", type=Path, metavar="A", help="a .mar, .war, .tar.gz or directory")
    command.add_argument("b", type=Path, metavar="B", help="another one")
    add_report_format(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    with show_progress() as advance:
        differences = compare(options.a, options.b, advance)
    if options.form == "json":
        print_json([vars(difference) for difference in differences])
    elif options.form == "markdown":
        show(*markdown_lines(options.a, options.b, differences))
    else:
        show(*(difference.line() for difference in differences))
    return FAULTS if differences else 0


def markdown_lines(a: Path, b: Path, differences: Sequence[Difference]) -> Iterator[str]:
    from hatch_mar.cli._forms.markdown import code, heading, prose, table

    yield from heading(f"`{a}` and `{b}`: {count_of(len(differences), 'difference')}")
    if differences:
        rows = (
            (
                each.change,
                f"{each.what} {code(each.name)}",
                prose(truncate(each.describe(), 2 * LONGEST_QUOTE)),
            )
            for each in differences
        )
        yield from table(("Change", "Of", "From and to"), rows)
