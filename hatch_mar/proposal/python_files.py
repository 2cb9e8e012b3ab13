"""The Python files of a repository that its code may be served from."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hatch_mar.archive.filesystem.regular import read_bytes
from hatch_mar.budget import Exhausted
from hatch_mar.checks.subject import LARGEST_TEXT, Subject
from hatch_mar.errors import ReadError
from hatch_mar.proposal.omissions import Omissions
from hatch_mar.proposal.repository import Repository, can_be_declared, is_of_tests
from hatch_mar.pysource.module import Module
from hatch_mar.pysource.namespace import dotted_name, imported_name

MOST_FILES = 20_000
"""Files that are searched for words, which takes about a second."""
OF_TOOLS = frozenset(("__init__.py", "__main__.py", "setup.py", "noxfile.py", "manage.py", "conftest.py"))
"""Names of files that are never a handler's or a model's."""


def parse_files(
    repository: Repository, subject: Subject, words: Sequence[re.Pattern[bytes]], omissions: Omissions
) -> dict[str, Module]:
    """The modules of the files with any of the words, without those of tests and tools.

    Those with the first words are parsed first, since of very much Python not all is.
    """
    python = [path for path in repository.files if path.endswith(".py") and is_for_serving(path)]
    omissions.add("there are too many Python files to read all of them", *python[MOST_FILES:])
    ranked = [(rank_file(repository.root / path, words), path) for path in python[:MOST_FILES]]
    ranks = {path: rank for rank, path in ranked if rank >= 0}
    found: dict[str, Module] = {}
    for path in sorted(ranks, key=ranks.__getitem__):
        try:
            found[path] = subject.parse(subject.members[path])
        except Exhausted:
            omissions.add("there is too much Python to read all of it", *(ranks.keys() - found.keys()))
            break
        except (OSError, ReadError):
            omissions.add("cannot be read", path)
    return {path: found[path] for path in ranks if path in found}


def rank_file(path: Path, words: Sequence[re.Pattern[bytes]]) -> int:
    """The number of the first words that are in a file; -1 if there are none, or it cannot be read."""
    try:
        source = read_bytes(path, LARGEST_TEXT)
    except OSError:
        return -1
    return next((number for number, word in enumerate(words) if word.search(source)), -1)


def is_for_serving(path: str) -> bool:
    name = PurePosixPath(path).name
    is_importable = name.removesuffix(".py").isidentifier() and name not in OF_TOOLS
    # after a colon, a handler has its function
    return is_importable and not is_of_tests(path) and can_be_declared(path) and ":" not in path


def name_bases(definition: ast.ClassDef, module: Module, name: str) -> list[str]:
    """The full names of a class's bases, as far as the imports of its module tell, which has this name."""
    package = module.package_of(name)
    return [imported_name(dotted_name(base), module.names, package) for base in definition.bases]


def dotted_path(path: str) -> str:
    """The name of a file's module, as seen from the root of the repository."""
    return path.removesuffix(".py").replace("/", ".")
