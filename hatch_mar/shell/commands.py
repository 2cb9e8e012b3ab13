"""What the commands of a script are when it comes to them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePath

from hatch_mar.shell.expansion import Command, Expander, Scope, Text, first_of, moved, unknown
from hatch_mar.shell.tokens import ASSIGNMENT, Operator, ScriptError, Word, tokens

DECLARING = ("export", "local", "readonly", "declare", "typeset")
SETTING = ("for", "select", "read", "mapfile", "readarray", "getopts")
"""Those that give a variable a value which only a running shell knows."""
TESTS = ("test", "[", "[[", "grep", "command", "type", "which")
"""Commands that are there to fail, so that what follows their `&&` may never happen."""

DEPTH = 20
"""How deep substitutions may nest."""


def commands(
    text: str,
    directory: str,
    *,
    first_line: int = 1,
    known: Mapping[str, str] | None = None,
    script: str = "",
) -> list[Command]:
    """All commands of a script that is started in `directory`, in their order.

    What is `known` are variables that the script cannot change. `script` is its path, its `$0`.

    Raises:
        ScriptError: it is not a script that a shell would take.
    """
    fixed = {name: (Text(value),) for name, value in (known or {}).items()}
    own: dict[str, tuple[Text, ...]] = {
        name: (Text(posixpath.join(directory, script)),) for name in ("0", "BASH_SOURCE") if script
    }
    shell = Shell(Scope(Text(directory), own), fixed)
    try:
        shell.run(text, first_line)
    except RecursionError:
        raise ScriptError(first_line, "substitutions are nested too deeply") from None
    return shell.commands


def merged(scopes: list[Scope]) -> Scope:
    """What is certain whichever way a script went."""
    first, *others = scopes
    names = {name for scope in scopes for name in scope.variables}
    variables = {
        name: first.variables.get(name, ())
        if all(scope.variables.get(name) == first.variables.get(name) for scope in others)
        else unknown(name)
        for name in names
    }
    sure = all(scope.directory == first.directory for scope in others)
    directory = first.directory if sure else Text("", ("cd",))
    return Scope(directory, variables)


@dataclass
class Frame:
    """A compound command that has begun (XCU 2.9.4)."""

    kind: str
    before: Scope
    ends: list[Scope] = field(default_factory=list)
    """How the branches ended that are behind."""
    exhaustive: bool = False
    """Whether one of the branches is taken for certain."""


class Shell(Expander):
    """Follows a script and keeps its commands."""

    def __init__(self, scope: Scope, fixed: Mapping[str, tuple[Text, ...]], depth: int = 0) -> None:
        super().__init__(scope, fixed)
        self.depth = depth
        self.commands: list[Command] = []
        self.own: list[Command] = []
        """Those without what runs in substitutions."""
        self.frames: list[Frame] = []
        self.pushed: list[Text] = []
        self.head: str | None = None
        """The name of the command before."""

    def run(self, text: str, first_line: int = 1) -> None:
        words: list[Word] = []
        for token in tokens(text, first_line):
            if isinstance(token, Operator):
                words = self.operator(token, words)
            elif words or not self.keyword(token):
                words.append(token)
                words = self.opening(words)
        self.simple(words)

    # Compound commands

    def opening(self, words: list[Word]) -> list[Word]:
        """See whether the words so far begin a compound command, after which others follow."""
        match [word.plain for word in words]:
            case ["case", _, "in"]:
                self.open("case")
            case ["function", _, "{"]:
                self.open("function")
                self.keyword(words[-1])
            case _:
                return words
        return []

    def operator(self, token: Operator, words: list[Word]) -> list[Word]:
        """Do the command that an operator ends; gives the words that are still to be done."""
        if token.text == ")" and self.kind == "case":
            return []  # the pattern of a branch
        if token.text == "(" and defines_function(words):
            self.open("function")
            return []
        self.simple(words)
        if token.text in ("&&", "||"):
            if self.kind != "maybe" and (token.text == "||" or self.head in TESTS):
                self.open("maybe")
            return []
        if token.text not in ("|", "|&", "("):
            self.close("maybe")
        if token.text == "(":
            self.open("(")
        elif token.text == ")" and self.kind == "(":
            self.scope = self.frames.pop().before
        elif token.text == ")" and self.kind == "function":
            pass
        elif token.text in (";;", ";&", ";;&"):
            self.next_branch("case")
        return []

    def keyword(self, word: Word) -> bool:
        """Follow a reserved word that stands where a command begins."""
        match word.plain:
            case "if":
                self.open("if")
            case "elif" | "else":
                self.next_branch("if", last=word.plain == "else")
            case "while" | "until" | "then" | "!" | "time":
                pass
            case "do":
                self.open("do")
            case "{":
                if self.kind != "function" or self.frames[-1].ends:
                    self.open("{")
                else:
                    self.frames[-1].ends.append(self.frames[-1].before)
            case "fi":
                self.close("if")
            case "done":
                self.close("do")
            case "esac":
                self.close("case")
            case "}":
                self.close(self.kind if self.kind in ("{", "function") else "")
            case _:
                return False
        return True

    @property
    def kind(self) -> str:
        return self.frames[-1].kind if self.frames else ""

    def open(self, kind: str) -> None:
        self.frames.append(Frame(kind, self.scope.copy(), exhaustive=kind == "{"))

    def next_branch(self, kind: str, *, last: bool = False) -> None:
        if self.kind != kind:
            return
        frame = self.frames[-1]
        frame.ends.append(self.scope)
        frame.exhaustive |= last
        self.scope = frame.before.copy()

    def close(self, kind: str) -> None:
        if not self.frames or self.kind != kind:
            return
        frame = self.frames.pop()
        self.scope = merged([self.scope, *frame.ends, *([] if frame.exhaustive else [frame.before])])

    # Simple commands (XCU 2.9.1)

    def simple(self, words: list[Word]) -> None:
        self.head = None
        own = 0
        while own < len(words) and assigned(words[own]):
            own += 1
        if own == len(words):
            for word in words:
                self.assign(word)
            return
        words = words[own:]
        self.head = words[0].plain
        if self.head in DECLARING:
            for word in words[1:]:
                self.assign(word)
            return
        if self.head in SETTING:
            self.forget(words[1:2] if self.head in ("for", "select") else words[1:])
            return
        if self.head == "unset":
            for word in words[1:]:
                self.scope.variables.pop(word.plain or "", None)
            return
        fields = [found for word in words for found in self.expanded(word)]
        if self.head in ("cd", "pushd", "popd"):
            self.change_directory(
                self.head, [found for found in fields[1:] if found.text not in ("-P", "--")]
            )
        elif fields:
            self.own.append(Command(words[0].line, tuple(fields), self.scope.directory))
            self.commands.append(self.own[-1])
            self.run_inner(words[0].line, fields)

    def assign(self, word: Word) -> None:
        name = assigned(word)
        if not name or name[1] in self.fixed:
            return
        variables = self.scope.variables
        if word.array is not None:
            values = tuple(found for item in word.array for found in self.expanded(item))
        else:
            rest = word.pieces[0].text[name.end() :]
            home = Text(rest, ("~",) if rest.startswith("~") else ())
            values = (home + self.value_of(word.pieces[1:], word.line),)
        if name[2] and name[1] not in variables:
            values = unknown(name[1])
        elif name[2] and word.array is not None:
            values = (*variables[name[1]], *values)
        elif name[2]:
            values = (first_of(variables[name[1]]) + values[0],)
        variables[name[1]] = values

    def forget(self, words: list[Word]) -> None:
        for word in words:
            if word.plain:
                self.scope.variables[word.plain] = unknown(word.plain)

    def change_directory(self, head: str, fields: list[Text]) -> None:
        before = self.scope.directory
        if head == "popd":
            after = self.pushed.pop() if self.pushed else Text("", ("popd",))
        elif len(fields) != 1 or fields[0].text == "-":
            after = Text("", (" ".join((head, *(found.text for found in fields))),))
        else:
            after = moved(before, fields[0])
            self.pushed += [before] if head == "pushd" else []
        self.scope = Scope(after, self.scope.variables)

    def run_inner(self, line: int, fields: list[Text]) -> None:
        """The commands of `sh -c '...'` and `eval '...'`."""
        scripts = [
            found
            for before, found in pairwise(fields)
            if before.text == "eval" or re.fullmatch(r"-[a-z]*c", before.text)
        ]
        shells = any(PurePath(found.text).name in ("sh", "bash", "zsh", "dash", "eval") for found in fields)
        for script in scripts if shells else []:
            self.run_below(script.text, line)

    def run_below(self, text: str, line: int) -> list[Command]:
        if self.depth == DEPTH:
            return []
        shell = Shell(self.scope.copy(), self.fixed, self.depth + 1)
        shell.run(text, line)
        self.commands += shell.commands
        return shell.own


def defines_function(words: list[Word]) -> bool:
    """Whether words before a `(` are the beginning of `name ()`, and not of `for ((`."""
    return bool(words) and words[0].plain != "for" and (len(words) == 1 or words[0].plain == "function")


def assigned(word: Word) -> re.Match[str] | None:
    """The `NAME=` or `NAME+=` at the beginning of a word."""
    if not word.pieces or word.pieces[0].quoted or word.pieces[0].kind != "text":
        return None
    return ASSIGNMENT.match(word.pieces[0].text)
