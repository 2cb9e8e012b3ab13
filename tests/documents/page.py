"""What a page of Markdown tells its reader to write and to run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import dedent

FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)")
COMMENT = re.compile(r" *<!-- (?P<word>not run|before|folder|terminal|needs)(?P<text>.*?)-->", re.S)
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Step:
    """A command, as it is typed and as it is written, and what is written below it."""

    command: str
    written: list[str]
    expected: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A fenced block, or a comment, which has no language but a `word`."""

    line: int
    """The number of its first line of text, from 0."""
    text: str
    language: str = ""
    title: str | None = None
    word: str | None = None
    reason: str | None = None
    """Why it is not run."""
    is_terminal: bool = False
    indent: str = ""

    @property
    def is_run(self) -> bool:
        return self.language in ("console", "sh") and self.title is None and self.reason is None

    def steps(self) -> list[Step]:
        """The commands; in a block `console` with what they print, in a block `sh` without."""
        found: list[Step] = []
        lines = iter(self.text.splitlines())
        for line in lines:
            if self.language == "console" and not line.startswith("$ "):
                if not found:
                    raise ValueError(
                        f"line {self.line + 1}: a block `console` begins with `$ ` and a command"
                    )
                found[-1].expected.append(line)
                continue
            command, written = line.removeprefix("$ "), [line]
            while command.endswith("\\"):
                written.append(next(lines))
                command += "\n" + written[-1].removeprefix("> ")
            if command.strip():
                found.append(Step(command, written))
        return found


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def needs(self) -> list[str]:
        return [name for block in self.blocks() if block.word == "needs" for name in block.text.split()]

    def blocks(self) -> Iterator[Block]:
        """All blocks and comments that are for the runner, in their order."""
        lines = self.text.split("\n")
        number = 0
        reason, is_terminal = None, False
        while number < len(lines):
            if found := COMMENT.match("\n".join(lines[number:])):
                word, text = found["word"], dedent(found["text"].removeprefix(":")).strip()
                if word == "not run":
                    if not text:
                        raise ValueError(f"{self.path}:{number + 1}: say why it is not run")
                    reason = text
                elif word == "terminal":
                    is_terminal = True
                else:
                    yield Block(number, text, word=word)
                number += found[0].count("\n") + 1
                continue
            opened = FENCE.fullmatch(lines[number])
            if not opened:
                if lines[number].strip():
                    reason, is_terminal = None, False
                number += 1
                continue
            block = self.read_fenced(lines, number, opened)
            yield replace(block, reason=reason, is_terminal=is_terminal)
            number = block.line + block.text.count("\n") + 1
            reason, is_terminal = None, False

    def read_fenced(self, lines: list[str], number: int, opened: re.Match[str]) -> Block:
        indent, close = opened["indent"], f"{opened['indent']}{opened['fence']}"
        end = next((n for n in range(number + 1, len(lines)) if lines[n].rstrip() == close), None)
        if end is None:
            raise ValueError(f"{self.path}:{number + 1}: the block has no end")
        language, _, attributes = opened["info"].strip().partition(" ")
        title = TITLE.search(attributes)
        text = "".join(f"{line.removeprefix(indent)}\n" for line in lines[number + 1 : end])
        return Block(number + 1, text, language, title[1] if title else None, indent=indent)


def write_outputs(page: Page, outputs: dict[int, list[list[str]]]) -> None:
    """Put what was printed into a page: for the line of each block, the lines of each of its commands."""
    lines = page.text.split("\n")
    for block in sorted(page.blocks(), key=lambda block: -block.line):
        if block.line not in outputs:
            continue
        written: list[str] = []
        for step, printed in zip(block.steps(), outputs[block.line]):
            written += [*step.written, *printed]
        lines[block.line : block.line + block.text.count("\n")] = [
            f"{block.indent}{line}".rstrip() for line in written
        ]
    page.path.write_text("\n".join(lines), encoding="utf-8")
