"""The example of each check, which the documentation shows: what is wrong is found, and what is right is not.

An example is a page, as `tests/documents` runs it, with two sections: `## Example` has files and the
commands that find the fault, `## Fixed` has the files that change and the same commands. It begins with
the files of `project.md`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from hatch_mar.checks import rules
from tests.documents.in_process import InProcess
from tests.documents.page import Block, Page
from tests.documents.run import Run, write_file

FOLDER = Path(__file__).parent / "examples"
PROJECT = Page(FOLDER / "project.md")
EXAMPLES = sorted(FOLDER.glob("MAR*.md"))
TABLE = re.compile(r"^\[[^\n]*\]\n(?:(?!\[).*\n?)*", re.M)


class Example(Page):
    def blocks(self) -> Iterator[Block]:
        """As a page's, where a part of `pyproject.toml` is completed."""
        for block in super().blocks():
            yield replace(block, text=complete(block.text)) if block.title == "pyproject.toml" else block

    def sections(self) -> dict[str, range]:
        """The lines of each section, by its heading."""
        lines = self.text.split("\n")
        starts = [number for number, line in enumerate(lines) if line.startswith("## ")]
        return {lines[start]: range(start, end) for start, end in zip(starts, [*starts[1:], len(lines)])}


def complete(text: str) -> str:
    """A whole `pyproject.toml`: what a part lacks comes after it, so that its lines keep their numbers."""
    if "[project]" in text:
        return text
    [whole] = [block.text for block in PROJECT.blocks() if block.title == "pyproject.toml"]
    tables = [table for table in TABLE.findall(whole) if table.split("\n")[0] not in text.split("\n")]
    return "".join([text, *tables])


@pytest.mark.skipif(sys.platform != "linux", reason="the documents show what Linux prints")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path):
    """The commands print what the example shows: the check's code, and when the fault is fixed nothing."""
    example = Example(path)
    for name in example.needs():
        if find_spec(name) is None and os.environ.get("CI") != "true":
            pytest.skip(f"{name} is not installed")
    folder = tmp_path / path.stem
    make_project(folder)
    running = Run(example, tmp_path, InProcess(folder), {"/home/me/digits": str(folder)})
    running.compare()

    found = {heading: find_codes(running, lines) for heading, lines in example.sections().items()}
    assert [*found] == ["## Example", "## Fixed"]
    assert path.stem in found["## Example"]
    assert found["## Fixed"] == []


def find_codes(running: Run, lines: range) -> list[str]:
    """The codes that a section's commands print."""
    blocks = [outputs for line, outputs in running.outputs.items() if line in lines]
    assert blocks, "each section runs a command"
    text = "\n".join(line for outputs in blocks for printed in outputs for line in printed)
    return re.findall(r"\bMAR\d{3}\b", text)


def make_project(folder: Path) -> None:
    folder.mkdir()
    for block in PROJECT.blocks():
        if block.title:
            write_file(folder, block.title, block.text)
    for weights in FOLDER.glob("*.pt*"):
        shutil.copy(weights, folder)


def test_complete():
    """Every check has an example, and every example is one of a check."""
    assert [path.stem for path in EXAMPLES] == [rule.code for rule in rules()]
