"""A command's argument parser."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import NoReturn

from hatch_mar.output import show
from hatch_mar.text import escape


class CommandParser(ArgumentParser):
    """A parser that shows what was typed without its control characters."""

    def error(self, message: str) -> NoReturn:
        super().error(escape(message))

    def print_help(self, file: object = None) -> None:  # noqa: ARG002
        show(*self.format_help().splitlines())  # argparse's own passes over a disk that is full


def make_parser(command: str, description: str, example: str) -> ArgumentParser:
    return CommandParser(
        prog=f"hatch-mar {command}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=RawDescriptionHelpFormatter,
    )
