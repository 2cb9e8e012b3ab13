"""`hatch-mar schema`: `[tool.mar]` for editors."""

from __future__ import annotations

from argparse import ArgumentParser

from hatch_mar.cli._json import print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.project.config.json_schema import make_schema, make_whole_schema


def parser() -> ArgumentParser:
    command = make_parser(
        "schema",
        "Print the JSON Schema (draft-07) of [tool.mar], with which editors complete and check it.",
        "hatch-mar schema --whole > pyproject.schema.json",
    )
    command.add_argument(
        "--whole",
        action="store_true",
        help="print a schema for the whole of pyproject.toml; it checks only [tool.mar]",
    )
    command.add_argument("--json", action="store_true", help="print JSON; this command always does")
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    print_json(make_whole_schema() if options.whole else make_schema())
    return 0
