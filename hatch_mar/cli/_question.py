"""A question with several files for answers, asked where somebody can answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hatch_mar.errors import ConfigError
from hatch_mar.output import log, prompt
from hatch_mar.proposal.assembly import Choose


def choose_by(*, takes_first: bool) -> Choose:
    """How to choose: the first, by asking on the terminal, or not at all if there is none."""
    if takes_first:
        return take_first
    return ask if is_answered() else refuse_to_guess


def is_answered() -> bool:
    """Whether somebody sees a question, and can type the answer."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def take_first(question: str, answers: Sequence[str]) -> str:  # noqa: ARG001
    return answers[0]


def ask(question: str, answers: Sequence[str]) -> str:
    """The answer that is typed by its number.

    Raises:
        ConfigError: the input ends instead.
    """
    log(question, *(f"  {number}  {answer}" for number, answer in enumerate(answers, start=1)))
    while True:
        prompt("Number: ")
        typed = sys.stdin.readline()
        if not typed:
            log("")
            raise ConfigError("No answer was given, and nothing is written")
        if typed.strip().isdecimal() and 0 < int(typed) <= len(answers):
            return answers[int(typed) - 1]
        log(f"Type a number from 1 to {len(answers)}")


def refuse_to_guess(question: str, answers: Sequence[str]) -> str:
    """Choose nothing, where nobody can be asked.

    Raises:
        ConfigError: always, with the answers that there are.
    """
    hint = "Answer on a terminal, or take the first with `--yes`"
    raise ConfigError(f"{question} {hint}:", *(f"  {answer}" for answer in answers))
