"""`hatch-mar inspect`: what is in an archive."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.errors import ReadError
from hatch_mar.inspection.report import Inspection, inspect
from hatch_mar.output import show
from hatch_mar.terminal.progress import show_reading
from hatch_mar.text import format_size


def parser() -> ArgumentParser:
    command = make_parser(
        "inspect",
        "Show the manifest and the members of archives, without unpacking them or running their code.",
        "hatch-mar inspect dist/digits.mar",
    )
    command.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a .mar, .war, .tar.gz or directory"
    )
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    inspections: list[Inspection] = []
    faults: list[str] = []
    for file in options.files:
        try:
            with show_reading() as advance:
                inspection = inspect(file, advance=advance)
        except ReadError as error:  # the others are shown all the same
            faults += error.faults
            continue
        inspections.append(inspection)
        if not options.json:
            show(*[""] * (len(inspections) > 1), *lines(inspection))
    if options.json and inspections:
        print_json([inspection.to_json() for inspection in inspections])
    if faults:
        raise ReadError(*faults)
    return 0


def lines(inspection: Inspection) -> Iterator[str]:
    yield f"{inspection.path}  {inspection.kind}, {format_size(inspection.size)}"
    if inspection.content_digest:
        yield f"content  {inspection.content_digest}"
    if values := [*inspection.manifest_values()]:
        yield ""
        yield from (f"{key:18} {value}" for key, value in values)
    if inspection.members:
        yield ""
        yield f"{'size':>10} {'packed':>10}  sha256        name"
    for member in inspection.members:
        packed = "-" if member.packed is None else format_size(member.packed)
        digest = (member.sha256 or "")[:12]
        weights = f"  ({member.weights})" if member.weights else ""
        yield f"{format_size(member.size):>10} {packed:>10}  {digest:12}  {member.name}{weights}"
        for loading in member.loadings:
            if does := loading.describe():
                yield f"{'':>37}{does}"
    for fault in inspection.faults:
        yield ""
        yield fault
