"""Names, numbers and lists, formatted for people; and lines, numbered as editors number them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

LONGEST_QUOTE = 200
"""The most characters of a name that a message quotes. An attacker's may have 64 KiB."""
MOST_MESSAGES = 20
"""The most faults that are shown for one file."""
MOST_NAMES = 5
"""The most names that one message lists."""
LINE_END = re.compile(r"\r\n|\r|\n")
"""What ends a line in an editor. YAML and `str.splitlines` know more, such as U+2028: counted with those, a
line's number would lead to another line."""

COMMAND = re.compile(r"^([ \t]*):(?=:)|#(?=#\w*\[)")
"""What makes a line of a build's log a command: `::` at its beginning for GitHub, and anywhere in it
`##[` or `##vso[` for GitHub and Azure (actions/runner, src/Runner.Common/ActionCommand.cs)."""


def escape(value: object) -> str:
    """The value's text as it may stand in a line of output, whoever wrote it.

    What cannot be printed is escaped, such as control characters, marks that turn the direction of text
    and line breaks of any kind; so are commands to the services that run builds.
    """
    text = str(value)
    if not text.isprintable():
        text = "".join(each if each.isprintable() else escape_character(each) for each in text)
    return escape_commands(text)


def escape_character(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def escape_commands(text: str) -> str:
    """Text with the first character of each command escaped, as JSON and TOML do it too."""
    return COMMAND.sub(lambda found: (found[1] or "") + ("\\u003a" if ":" in found[0] else "\\u0023"), text)


def quote(name: str) -> str:
    """A name in backticks, shortened and with control characters escaped."""
    return f"`{escape(truncate(name, LONGEST_QUOTE))}`"


def quote_each(names: Iterable[object]) -> str:
    """Names in backticks, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


def quote_some(names: Sequence[str]) -> str:
    """The first `MOST_NAMES` names, quoted, and how many more there are: "`a`, `b` and 3 more"."""
    shown = ", ".join(quote(name) for name in names[:MOST_NAMES])
    return shown + and_more(len(names) - MOST_NAMES)


def and_more(count: int) -> str:
    """ " and 3 more"; nothing if there is none."""
    return f" and {count} more" if count > 0 else ""


def join_steps(steps: Sequence[str]) -> str:
    """What to do: "do this", "do this, and that", "do this, do that, and the other"."""
    *others, last = steps
    return ", ".join([*others, f"and {last}"]) if others else last


def shorten(text: str, length: int = 40) -> str:
    """Text on one line of at most `length` characters."""
    return truncate(re.sub(r"\s+", " ", text), length)


def truncate(text: str, length: int) -> str:
    """Text of at most `length` characters, with an ellipsis if it was longer."""
    return text if len(text) <= length else text[: length - 1] + "…"


def count_of(number: int, noun: str) -> str:
    """ "1 tensor", "2 tensors"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def first_messages(messages: Iterable[str]) -> tuple[str, ...]:
    """The first `MOST_MESSAGES` distinct messages, and how many more there are."""
    first: dict[str, None] = {}
    others = 0
    for message in messages:
        if len(first) < MOST_MESSAGES:
            first[message] = None
        elif message not in first:
            others += 1
    return (*first, f"and {others} more") if others else tuple(first)


def format_size(count: int) -> str:
    """A size: "1 byte", "1.5 MiB", "120 GiB"."""
    if count < 1024:
        return count_of(count, "byte")
    amount, units = count / 1024, ["TiB", "GiB", "MiB", "KiB"]
    while amount >= 1023.5 and len(units) > 1:
        amount /= 1024
        units.pop()
    unit = units[-1]
    return f"{amount:.1f} {unit}" if amount < 99.95 else f"{amount:,.0f} {unit}"


def format_seconds(seconds: float) -> str:
    """A time that something takes: "6.1 ms", "1.3 s", "2 min 5 s"; an integer stands for whole seconds."""
    whole = round(seconds)
    if seconds < 9.95 and not isinstance(seconds, int):
        if seconds >= 0.9995:
            return f"{seconds:.1f} s"
        return f"{seconds * 1000:.1f} ms" if seconds < 0.00995 else f"{seconds * 1000:.0f} ms"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A question with the known word most similar to this one; empty if there is no similar word."""
    import difflib

    plain = {each.replace("_", "-").lower(): each for each in known}
    close = difflib.get_close_matches(word.replace("_", "-").lower(), plain, n=1, cutoff=cutoff)
    return ask_if_meant(plain[close[0]]) if close else ""


def ask_if_meant(word: str) -> str:
    return f"did you mean `{word}`?"


def name_of_status(status: int) -> str:
    """A process's exit status, or the name of the signal that ended it."""
    if status >= 0:
        return f"exit status {status}"
    import signal

    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def show_path(path: str | Path, root: Path) -> str:
    """A path relative to `root` if it lies inside, with `/` between its folders."""
    path = Path(path)
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def line_at(text: str, index: int) -> int:
    """The number of the line with the character at `index`."""
    return sum(1 for end in LINE_END.finditer(text) if end.end() <= index) + 1


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of `str.splitlines`, each with the number of the line that it is in."""
    number = 1
    for line in text.splitlines(keepends=True):
        yield number, line.splitlines()[0]
        number += line.endswith(("\n", "\r"))
