"""What a shell puts in the place of a word (XCU 2.6 Word Expansions)."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hatch_mar.shell.tokens import Operator, Piece, Word, tokens

BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
DEFAULTING = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|[0-9])(:?[-=?+])(.*)", re.DOTALL)
ITEMS = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[[@*]\]")


@dataclass(frozen=True)
class Text:
    """A word with all its substitutions made."""

    text: str
    unknown: tuple[str, ...] = ()
    """What could not be told; its source stands in the text."""

    def __add__(self, other: Text) -> Text:
        return Text(self.text + other.text, self.unknown + other.unknown)


@dataclass(frozen=True)
class Command:
    line: int
    words: tuple[Text, ...]
    directory: Text
    """The working directory, absolute."""


@dataclass(frozen=True)
class Scope:
    """What a command depends on and may change."""

    directory: Text
    variables: dict[str, tuple[Text, ...]]
    """Their values; an array has several, or none."""

    def copy(self) -> Scope:
        return Scope(self.directory, dict(self.variables))


class Expander:
    """Expands words by what is known of variables and the working directory."""

    def __init__(self, scope: Scope, fixed: Mapping[str, tuple[Text, ...]]) -> None:
        self.scope = scope
        self.fixed = fixed

    def run_below(self, text: str, line: int) -> list[Command]:
        """The commands of a script within the script; they cannot change its variables."""
        raise NotImplementedError

    def expanded(self, word: Word) -> Iterator[Text]:
        """The fields that a word becomes: often one, but none or several for a bare `$NAME`."""
        current: Text | None = None
        for number, piece in enumerate(word.pieces):
            if piece.kind == "text":
                sources = () if piece.quoted else unexpanded(piece.text, first=number == 0)
                current = (current or Text("")) + Text(piece.text, sources)
                continue
            values = self.values(piece, word.line)
            fields = [found for value in values for found in ([value] if piece.quoted else split(value))]
            if piece.quoted and not ITEMS.fullmatch(piece.text):
                fields = fields[:1] or [Text("")]
            for position, found in enumerate(fields):
                if position and current is not None:
                    yield current
                    current = None
                current = (current or Text("")) + found
        if current is not None:
            yield current

    def value_of(self, pieces: tuple[Piece, ...], line: int) -> Text:
        """The value that is assigned: nothing is split (XCU 2.9.1)."""
        found = Text("")
        for piece in pieces:
            found += Text(piece.text) if piece.kind == "text" else joined(self.values(piece, line))
        return found

    def values(self, piece: Piece, line: int) -> tuple[Text, ...]:
        known: tuple[Text, ...] | None = None
        if piece.kind == "parameter":
            known = self.parameter(piece.text, line, piece.quoted)
        elif piece.kind == "command":
            known = self.output(piece.text, line)
        return (Text(piece.source, (piece.source,)),) if known is None else known

    def parameter(self, text: str, line: int, quoted: bool) -> tuple[Text, ...] | None:
        if items := ITEMS.fullmatch(text):
            return self.variable(items[1])
        text = text.removesuffix("[0]")
        if not (default := DEFAULTING.fullmatch(text)):
            found = self.variable(text)
            return found[:1] if found else found
        name, operator, word = default.groups()
        value = self.variable(name)
        unset = value is None or (operator.startswith(":") and value in ((), (Text(""),)))
        match operator[-1]:
            case "+":
                # nobody knows whether the environment has it
                return None if value is None else (Text(""),) if unset else self.nested(word, line, quoted)
            case "?":
                return None if unset else value
        if not unset:
            return value
        found = self.nested(word, line, quoted)
        if operator.endswith("=") and found:
            self.scope.variables[name] = found
        return found

    def nested(self, text: str, line: int, quoted: bool) -> tuple[Text, ...] | None:
        """The value of a default, which may itself hold quotes and parameters."""
        values = []
        for token in tokens(f'"{text}"' if quoted and '"' not in text else text, line):
            if isinstance(token, Operator):
                return None
            if not quoted and any(piece.quoted and " " in piece.text for piece in token.pieces):
                return None  # the part in quotes would not be split, and the rest would
            values.append(self.value_of(token.pieces, line))
        return (joined(tuple(values)),)

    def variable(self, name: str) -> tuple[Text, ...] | None:
        if name in self.fixed:
            return self.fixed[name]
        return (self.scope.directory,) if name == "PWD" else self.scope.variables.get(name)

    def output(self, text: str, line: int) -> tuple[Text, ...] | None:
        """What a substituted command prints, of those few that can be told."""
        ran = self.run_below(text, line)
        if len(ran) != 1 or any(word.unknown for word in ran[0].words) or ran[0].directory.unknown:
            return None
        match [word.text for word in ran[0].words]:
            case ["pwd"] | ["pwd", "-P"]:
                return (ran[0].directory,)
            case ["dirname", path] | ["dirname", "--", path]:
                return (Text(posixpath.dirname(path.rstrip("/")) or "."),)
            case ["basename", path, *suffix] if len(suffix) < 2:
                name = posixpath.basename(path.rstrip("/"))
                return (Text(name.removesuffix("".join(suffix))),)
            case ["realpath", path] | ["readlink", "-f", path]:
                return (moved(ran[0].directory, Text(path)),)
            case ["echo", *words]:
                return (Text(" ".join(words)),)
        return None


def unexpanded(text: str, *, first: bool) -> tuple[str, ...]:
    """What a shell would expand in bare text and this one does not."""
    found = [match[0] for match in BRACES.finditer(text)]
    return (*found, *(["~"] if first and text.startswith("~") else []))


def split(value: Text) -> list[Text]:
    """Field splitting (XCU 2.6.5), with the usual blanks."""
    return [value] if value.unknown else [Text(part) for part in value.text.split()]


def joined(values: tuple[Text, ...]) -> Text:
    sources = tuple(source for value in values for source in value.unknown)
    return Text(" ".join(value.text for value in values), sources)


def unknown(name: str) -> tuple[Text]:
    """The value of a variable that has one, nobody knows which."""
    return (Text(f"${name}", (f"${name}",)),)


def first_of(values: tuple[Text, ...]) -> Text:
    return values[0] if values else Text("")


def moved(directory: Text, path: Text) -> Text:
    if path.text.startswith("/") or os.path.isabs(path.text):
        return Text(posixpath.normpath(path.text), path.unknown)
    return Text(
        posixpath.normpath(posixpath.join(directory.text, path.text)), directory.unknown + path.unknown
    )
