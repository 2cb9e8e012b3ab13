"""The options `--quiet` and `--verbose`, which mean the same for every command."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace, _ActionsContainer
from typing import Any

from hatch_mar.output import QUIET, VERBOSE, Verbosity, set_verbosity


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
