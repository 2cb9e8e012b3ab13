"""`hatch-mar diff`: how two archives differ."""

from __future__ import annotations

import json
from pathlib import Path

from hatch_mar.cli import FAULTS
from hatch_mar.cli._parser import make_parser
from hatch_mar.inspection.diff import compare
from hatch_mar.text import escape


def main(arguments: list[str]) -> int:
    command = make_parser(
        "diff",
        "Compare two archives, whatever their formats. The exit status is 1 if they differ.",
        "hatch-mar diff model-store/digits.mar dist/digits.mar",
    )
    command.add_argument("a", type=Path, metavar="A", help="a .mar, .war, .tar.gz or directory")
    command.add_argument("b", type=Path, metavar="B", help="another one")
    command.add_argument("--json", action="store_true", help="print JSON")
    options = command.parse_args(arguments)

    differences = compare(options.a, options.b)
    if options.json:
        print(json.dumps([vars(difference) for difference in differences], indent=2))
    else:
        for difference in differences:
            print(escape(difference.line()))
    return FAULTS if differences else 0
