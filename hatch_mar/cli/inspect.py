"""`hatch-mar inspect`: what is in an archive."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from hatch_mar.cli._json import print_json
from hatch_mar.cli._output_format import add_report_format
from hatch_mar.cli._parser import make_parser
from hatch_mar.errors import ReadError
from hatch_mar.inspection.report import Inspection, MemberReport, inspect
from hatch_mar.output import show
from hatch_mar.terminal.progress import show_progress
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
    add_report_format(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    inspections: list[Inspection] = []
    faults: list[str] = []
    for file in options.files:
        try:
            with show_progress() as advance:
                inspection = inspect(file, advance=advance)
        except ReadError as error:  # the others are shown all the same
            faults += error.faults
            continue
        inspections.append(inspection)
        if options.form == "text":
            show(*[""] * (len(inspections) > 1), *lines(inspection))
        elif options.form == "markdown":
            show(*markdown_lines(inspection))
    if options.form == "json" and inspections:
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


def markdown_lines(inspection: Inspection) -> Iterator[str]:
    from hatch_mar.cli._forms.markdown import code, heading, listed, prose, table

    yield from heading(f"`{inspection.path}`")
    yield f"{prose(inspection.kind)}, {format_size(inspection.size)}"
    yield ""
    yield from listed(inspection.faults)
    values = [*inspection.manifest_values()]
    if inspection.content_digest:
        values.append(("content digest", inspection.content_digest))
    if values:
        yield from table(("Manifest", "Value"), ((prose(key), code(value)) for key, value in values))
    if inspection.members:
        rows = (
            (
                code(member.name),
                format_size(member.size),
                "" if member.packed is None else format_size(member.packed),
                code(member.sha256 or ""),
                "<br>".join(map(prose, describe_contents(member))),
            )
            for member in inspection.members
        )
        yield from table(("Member", "Size", "Packed", "SHA-256", "Contents"), rows)


def describe_contents(member: MemberReport) -> Iterator[str]:
    """What kind of weights it is, and what loading it would do."""
    if member.weights:
        yield member.weights
    yield from filter(None, (loading.describe() for loading in member.loadings))
