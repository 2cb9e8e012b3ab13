"""`hatch-mar inspect`: what is in an archive."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.inspection.report import Inspection, inspect
from hatch_mar.output import show
from hatch_mar.text import format_size


def parser() -> ArgumentParser:
    command = make_parser(
        "inspect",
        "Show an archive's manifest and members, without unpacking it or running its code.",
        "hatch-mar inspect dist/digits.mar",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="a .mar, .war, .tar.gz or directory")
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    inspection = inspect(options.file)
    if options.json:
        print_json(inspection.to_json())
    else:
        show(*lines(inspection))
    return 0


def lines(inspection: Inspection) -> list[str]:
    found = [f"{inspection.path}  {inspection.kind}, {format_size(inspection.size)}"]
    found += [f"content  {inspection.content_digest}"] if inspection.content_digest else []
    found += ["", *(f"{key:18} {value}" for key, value in inspection.manifest_values())]
    found += ["", f"{'size':>12} {'packed':>12}  sha256        name"]
    for member in inspection.members:
        packed = "-" if member.packed is None else str(member.packed)
        digest = (member.sha256 or "")[:12]
        weights = f"  ({member.weights})" if member.weights else ""
        found.append(f"{member.size:>12} {packed:>12}  {digest:12}  {member.name}{weights}")
        found += [f"{'':>41}{does}" for loading in member.loadings if (does := loading.describe())]
    return found + [line for fault in inspection.faults for line in ("", fault)]
