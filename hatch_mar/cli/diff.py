"""`hatch-mar diff`: how two archives differ."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from hatch_mar.cli import FAULTS
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.inspection.diff import compare
from hatch_mar.output import show
from hatch_mar.terminal.progress import show_reading


def parser() -> ArgumentParser:
    command = make_parser(
        "diff",
        "Compare two archives, whatever their formats. The exit status is 1 if they differ.",
        "hatch-mar diff model-store/digits.mar dist/digits.mar",
    )
    command.add_argument("a", type=Path, metavar="A", help="a .mar, .war, .tar.gz or directory")
    command.add_argument("b", type=Path, metavar="B", help="another one")
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    with show_reading() as advance:
        differences = compare(options.a, options.b, advance)
    if options.json:
        print_json([vars(difference) for difference in differences])
    else:
        show(*(difference.line() for difference in differences))
    return FAULTS if differences else 0
