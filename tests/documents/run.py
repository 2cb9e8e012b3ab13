"""Runs a page from its first block to its last."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.documents.page import Block, Page, write_outputs
from tests.documents.shell import Result
from tests.documents.transcript import matches

ADDED = " (added at the end)"
"""What the title of a block says that does not replace a file."""

UPDATE = "UPDATE_DOCUMENTS"
"""The variable that is 1 if pages are to be written."""


class RunCommand(Protocol):
    """Runs a command in a page's folder."""

    def __call__(self, command: str, *, terminal: bool = False) -> Result: ...


class Mismatch(NamedTuple):
    block: Block
    command: str
    status: int
    expected: list[str]
    printed: list[str]

    def describe(self, page: Page) -> str:
        lines = [f"{page.path}:{self.block.line}: `{self.command}` (exit status {self.status}) should print"]
        lines += [f"  {line}" for line in self.expected or ["(nothing, and succeed)"]]
        lines += ["but prints", *(f"  {line}" for line in self.printed)]
        return "\n".join(lines)


class Run:
    """A page in its folder; `outputs` is what its commands print, by the lines of its blocks.

    Args:
        home: the folder in which those of the page are made.
        replaced: what stands for what in files and commands, and the other way round in what they print.
    """

    def __init__(self, page: Page, home: Path, run_command: RunCommand, replaced: Mapping[str, str]) -> None:
        self.page = page
        self.home = home
        self.run_command = run_command
        self.replaced = replaced
        self.outputs: dict[int, list[list[str]]] = {}

    def compare(self) -> None:
        """Run the page, which fails if a command prints anything else; an update then writes that into it."""
        mismatches = [*self.mismatches()]
        if os.environ.get(UPDATE) == "1":
            write_outputs(self.page, self.outputs)
        assert not mismatches, "\n\n".join(mismatch.describe(self.page) for mismatch in mismatches)

    def mismatches(self) -> Iterator[Mismatch]:
        folder = self.home / self.page.path.stem
        for block in self.page.blocks():
            if block.word == "folder":
                folder = self.home / block.text
                folder.mkdir()
                self.run_command(f"cd '{folder}'")
            elif block.word == "before":
                result = self.run_command(self.replace(block.text))
                if result.status:
                    yield Mismatch(block, block.text, result.status, [], result.lines)
            elif block.title and block.reason is None:
                write_file(folder, block.title, self.replace(block.text))
            elif block.is_run:
                yield from self.run_block(block)

    def run_block(self, block: Block) -> Iterator[Mismatch]:
        outputs: list[list[str]] = []
        if block.language == "console":
            self.outputs[block.line] = outputs
        for step in block.steps():
            result = self.run_command(self.replace(step.command), terminal=block.is_terminal)
            printed = self.show(result.lines)
            if block.language == "sh":
                is_right = result.status == 0
            else:
                is_right = matches(step.expected, printed) and bool(step.expected or not result.status)
            outputs.append(step.expected if is_right else printed)
            if not is_right:
                yield Mismatch(block, step.command, result.status, step.expected, printed)

    def replace(self, text: str) -> str:
        for shown, real in self.replaced.items():
            text = text.replace(shown, real)
        return text

    def show(self, lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        for shown, real in self.replaced.items():
            text = text.replace(real, shown)
        return text.split("\n") if text else []


def write_file(folder: Path, title: str, text: str) -> None:
    name = title.removesuffix(ADDED)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = "" if name == title else path.read_text(encoding="utf-8") + "\n"
    path.write_text(before + text, encoding="utf-8")
