"""The Python files of a repository that its code may be served from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.budget import FILES, Exhausted
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.errors import ReadError
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import Repository, can_be_declared, is_of_tests
from hatch_mar.pysource.module import Module

MOST_FILES = 10_000
"""Files that are searched for words."""
OF_TOOLS = frozenset(("__init__.py", "__main__.py", "setup.py", "noxfile.py", "manage.py", "conftest.py"))
"""Names of files that are never a handler's or a model's."""


def parse_files(
    repository: Repository, subject: Subject, words: re.Pattern[bytes], omissions: Omissions
) -> Iterator[tuple[str, Module]]:
    """The files with one of the words, each with its module, without those of tests and tools."""
    python = [path for path in repository.files if path.endswith(".py") and is_for_serving(path)]
    for number, path in enumerate(python):
        try:
            if number == MOST_FILES:
                raise Exhausted(FILES)
            with open_input(repository.root / path) as file:
                is_worth_parsing = words.search(file.read(LARGEST_TEXT))
            if is_worth_parsing:
                yield path, subject.parse(subject.members[path])
        except Exhausted:
            omissions.add("there is more Python than is read", *python[number:])
            return
        except (OSError, ReadError):
            omissions.add("they cannot be read", path)


def is_for_serving(path: str) -> bool:
    name = PurePosixPath(path).name
    is_importable = name.removesuffix(".py").isidentifier() and name not in OF_TOOLS
    # after a colon, a handler has its function
    return is_importable and not is_of_tests(path) and can_be_declared(path) and ":" not in path


def dotted_path(path: str) -> str:
    """The name of a file's module, as seen from the root of the repository."""
    return path.removesuffix(".py").replace("/", ".")
