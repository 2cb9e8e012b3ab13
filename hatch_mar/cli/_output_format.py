"""The options for the form of what a command prints."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection

REPORTS = ("text", "json", "markdown")
"""The forms of a report about archives."""


def add_output_format(command: ArgumentParser, forms: Collection[str], meaning: str) -> None:
    """Add `--output-format`, and `--json` as a short way to write one of its values."""
    command.add_argument("--json", action="store_const", dest="form", const="json", help="print JSON")
    command.add_argument("--output-format", dest="form", choices=forms, help=meaning)


def add_report_format(command: ArgumentParser) -> None:
    add_output_format(
        command, REPORTS, "`text` is the default; `markdown` makes tables, for the summary of a CI job"
    )
    command.set_defaults(form="text")
