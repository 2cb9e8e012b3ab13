"""A command's argument parser."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter, _ActionsContainer
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

from hatch_mar.output import QUIET, VERBOSE, Verbosity, set_verbosity, show, write
from hatch_mar.text import did_you_mean, escape


class CommandParser(ArgumentParser):
    """A parser that knows what was meant, and shows what was typed without its control characters."""

    spelled_out: Collection[str] = ()
    """The options, as attributes of the namespace, whose long names cannot be shortened."""

    def parse_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        options, rest = self.parse_known_args(None if args is None else [*args], namespace)
        if rest:
            known = [name for name in self._option_string_actions if name.startswith("--")]
            unknown = next((word for word in rest if word.startswith("--")), "").partition("=")[0]
            question = did_you_mean(unknown, known) if unknown else ""
            self.error(f"unrecognized arguments: {' '.join(rest)}" + (f"; {question}" if question else ""))
        return options

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
        # argparse's own passes over a disk that is full; the text is ours, and Python 3.14 has coloured it
        write(self.format_help(), sys.stdout)


class ShowVersion(Action):
    def __call__(self, parser: ArgumentParser, *_: object) -> NoReturn:
        from hatch_mar.__about__ import __version__

        show(f"hatch-mar {__version__}")
        parser.exit()


def make_parser(command: str, description: str, example: str, *, common: bool = True) -> CommandParser:
    """The parser of a command, with the options that all commands have in common."""
    parser = CommandParser(
        prog=f"hatch-mar {command}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=RawDescriptionHelpFormatter,
    )
    if common:
        add_version_option(parser, "-V", "--version")
        add_verbosity_options(parser)
    return parser


def add_version_option(command: _ActionsContainer, *names: str) -> None:
    command.add_argument(*names, action=ShowVersion, nargs=0, help="show the version of hatch-mar")


class SetVerbosity(Action):
    """Applies to the whole process, and is the value of the option as well."""

    def __init__(self, const: Verbosity, **settings: Any) -> None:
        super().__init__(nargs=0, default=False, **settings)
        self.verbosity = const

    def __call__(self, _: ArgumentParser, namespace: Namespace, *__: object) -> None:
        set_verbosity(self.verbosity)
        setattr(namespace, self.dest, True)


def add_verbosity_options(command: _ActionsContainer, *, short_verbose: bool = True) -> None:
    either = command.add_mutually_exclusive_group()
    either.add_argument("-q", "--quiet", action=SetVerbosity, const="quiet", help=QUIET)
    names = ("-v", "--verbose") if short_verbose else ("--verbose",)
    either.add_argument(*names, action=SetVerbosity, const="verbose", help=VERBOSE)
