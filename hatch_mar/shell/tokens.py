"""A shell script's words and operators (POSIX.1-2017, XCU 2.2 Quoting, 2.3 Token Recognition)."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

OPERATOR = re.compile(r"&&|\|\||;;&|;;|;&|\|&|&>>|&>|<<<|<<-|<<|<&|<>|>>|>\||>&|[;&|()<>\n]")
REDIRECTIONS = ("<", ">", "&>")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
PLAIN = re.compile(r"[^ \t\r\n\f\v;&|()<>\\'\"`$]+")
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
CLOSING = {"(": ")", "{": "}"}


class ScriptError(Exception):
    """A script that no shell would take."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Piece:
    """A part of a word: text, or what a shell would put in its place."""

    text: str
    """The text; a parameter's name with its operators, as in `NAME:-default`; a command; or,
    where there is no telling what a shell would make of it, the source."""
    kind: Literal["text", "parameter", "command", "unknown"] = "text"
    quoted: bool = False

    @property
    def source(self) -> str:
        """The piece as it is written."""
        if self.kind == "parameter":
            return f"${self.text}" if PARAMETER.fullmatch(self.text) else f"${{{self.text}}}"
        return f"$({self.text})" if self.kind == "command" else self.text


@dataclass(frozen=True)
class Word:
    line: int
    pieces: tuple[Piece, ...] = ()
    array: tuple[Word, ...] | None = None
    """The items of `NAME=(item ...)`."""

    @property
    def plain(self) -> str | None:
        """The word where it is written without quotes and expansions."""
        [piece] = self.pieces if len(self.pieces) == 1 else (Piece("", "unknown"),)
        return piece.text if piece.kind == "text" and not piece.quoted else None


@dataclass(frozen=True)
class Operator:
    line: int
    text: str


def tokens(text: str, first_line: int = 1) -> Iterator[Word | Operator]:
    """The words and operators of a script; comments, redirections and here-documents are left out.

    Raises:
        ScriptError: a quote or bracket is not closed.
    """
    return Lexer(text.replace("\r\n", "\n"), first_line).tokens()


class Lexer:
    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first_line = first_line
        self.position = 0
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.delimiters: list[str] = []
        """Those of the here-documents that begin with the next line."""

    @property
    def line(self) -> int:
        return self.first_line + bisect(self.newlines, self.position - 1)

    def tokens(self) -> Iterator[Word | Operator]:
        while self.position < len(self.text):
            if self.skip_blank():
                continue
            operator = OPERATOR.match(self.text, self.position)
            if operator and operator[0].startswith(REDIRECTIONS):
                self.redirection(operator[0])
            elif operator:
                line = self.line
                self.position = operator.end()
                yield Operator(line, operator[0])
                if operator[0] == "\n":
                    self.skip_here_documents()
            elif (word := self.word()) is not None:
                yield word

    def skip_blank(self) -> bool:
        """Pass over blanks, joined lines and comments."""
        blank = re.compile(r"(?:[ \t\r\f\v]|\\\n)+|#[^\n]*").match(self.text, self.position)
        if blank:
            self.position = blank.end()
        return bool(blank)

    def redirection(self, operator: str) -> None:
        self.position += len(operator)
        if self.text[self.position : self.position + 1] == "(":
            self.enclosed("(")
            return
        while self.position < len(self.text) and self.text[self.position] in " \t":
            self.position += 1
        if OPERATOR.match(self.text, self.position) or self.position == len(self.text):
            return
        target = self.word()
        if operator in ("<<", "<<-") and target is not None:
            self.delimiters.append("".join(piece.text for piece in target.pieces))

    def skip_here_documents(self) -> None:
        for delimiter in self.delimiters:
            end = re.compile(rf"^\t*{re.escape(delimiter)}$", re.MULTILINE).search(self.text, self.position)
            self.position = end.end() if end else len(self.text)
        self.delimiters.clear()

    def word(self) -> Word | None:
        """The next word, or None where it is the number of a redirection, as in `2>`."""
        line, pieces = self.line, list[Piece]()
        while self.position < len(self.text):
            start = self.text[self.position]
            if plain := PLAIN.match(self.text, self.position):
                self.position = plain.end()
                pieces.append(Piece(plain[0]))
            elif self.text.startswith("\\\n", self.position):
                self.position += 2
            elif start == "\\":
                pieces.append(Piece(self.text[self.position + 1 : self.position + 2], quoted=True))
                self.position += 2
            elif start == "'":
                pieces.append(Piece(self.upto("'", self.position + 1), quoted=True))
            elif start == '"':
                pieces += self.double_quoted()
            elif start in "$`":
                pieces.append(self.expansion(quoted=False))
            else:
                break
        word = Word(line, joined(pieces))
        following = self.text[self.position : self.position + 1]
        if following == "(" and word.plain and (name := ASSIGNMENT.fullmatch(word.plain)):
            return Word(line, (Piece(name[0]),), self.array())
        if following in ("<", ">") and following and word.plain and word.plain.isdigit():
            return None
        return word

    def array(self) -> tuple[Word, ...]:
        line = self.line
        items = Lexer(self.enclosed("("), line).tokens()
        return tuple(item for item in items if isinstance(item, Word))

    def double_quoted(self) -> list[Piece]:
        opened = self.line
        self.position += 1
        pieces: list[Piece] = []
        while self.position < len(self.text):
            start = self.text[self.position]
            if start == '"':
                self.position += 1
                return pieces or [Piece("", quoted=True)]
            if start == "\\":
                escaped = self.text[self.position + 1 : self.position + 2]
                kept = "" if escaped == "\n" else escaped if escaped in '$`"\\' else f"\\{escaped}"
                pieces.append(Piece(kept, quoted=True))
                self.position += 2
            elif start in "$`":
                pieces.append(self.expansion(quoted=True))
            else:
                end = re.compile(r'[^"\\$`]+').match(self.text, self.position)
                assert end is not None
                self.position = end.end()
                pieces.append(Piece(end[0], quoted=True))
        raise ScriptError(opened, "a quote is not closed")

    def expansion(self, *, quoted: bool) -> Piece:
        """What begins with `$` or a backtick."""
        start = self.position
        if self.text[start] == "`":
            return Piece(self.upto("`", start + 1), "command", quoted)
        self.position += 1
        following = self.text[self.position : self.position + 1]
        if following == "(":
            body = self.enclosed("(", quoted=False)
            arithmetic = body.startswith("(") and body.endswith(")")
            return Piece(f"$({body})", "unknown", quoted) if arithmetic else Piece(body, "command", quoted)
        if following == "{":
            return Piece(self.enclosed("{", quoted=quoted), "parameter", quoted)
        if following == "'" and not quoted:
            text = self.upto("'", self.position + 1)
            return Piece(f"$'{text}'", "unknown") if "\\" in text else Piece(text, quoted=True)
        if name := PARAMETER.match(self.text, self.position):
            self.position = name.end()
            return Piece(name[0], "parameter", quoted)
        # `$"..."` is a string that bash would translate
        return Piece("" if following == '"' and not quoted else "$", quoted=True)

    def upto(self, quote: str, start: int) -> str:
        end = self.text.find(quote, start)
        if end < 0:
            raise ScriptError(self.line, "a quote is not closed")
        self.position = end + 1
        return self.text[start:end]

    def enclosed(self, opening: str, *, quoted: bool = False) -> str:
        """The text between a bracket, at which the position is, and the one that closes it."""
        opened, start, depth = self.line, self.position + 1, 0
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "\\":
                self.position += 2
            elif character == "'" and not quoted:
                self.upto("'", self.position + 1)
            elif character == '"':
                self.double_quoted()
            else:
                depth += (character == opening) - (character == CLOSING[opening])
                self.position += 1
                if not depth:
                    return self.text[start : self.position - 1]
        raise ScriptError(opened, f"`{opening}` is not closed")


def joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """The pieces, of those that are alike only one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.kind == found[-1].kind == "text" and piece.quoted == found[-1].quoted:
            found[-1] = Piece(found[-1].text + piece.text, quoted=piece.quoted)
        else:
            found.append(piece)
    return tuple(found)
