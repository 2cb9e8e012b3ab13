"""A command's argument parser."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection
from typing import Any, NoReturn

from hatch_mar.output import show
from hatch_mar.text import escape


class CommandParser(ArgumentParser):
    """A parser that shows what was typed without its control characters."""

    spelled_out: Collection[str] = ()
    """The options, as attributes of the namespace, whose long names cannot be shortened."""

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        found: list[Any] = super()._get_option_tuples(option_string)
        return [
            (action, option, *rest)
            for action, option, *rest in found
            if action.dest not in self.spelled_out or not option.startswith("--")
        ]

    def error(self, message: str) -> NoReturn:
        super().error(escape(message))

    def print_help(self, file: object = None) -> None:  # noqa: ARG002
        show(*self.format_help().splitlines())  # argparse's own passes over a disk that is full


def make_parser(command: str, description: str, example: str) -> CommandParser:
    return CommandParser(
        prog=f"hatch-mar {command}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=RawDescriptionHelpFormatter,
    )
