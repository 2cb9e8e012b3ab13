"""All Python of an archive that the worker may run, wherever it is imported.

Any of it may bring what a check takes to be missing, so a check is certain only if no module has a word for
that. A module is parsed only if it has such a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hatch_mar.archive.archive import Member
from hatch_mar.budget import BYTES, FILES
from hatch_mar.checks.search_path import may_change_path
from hatch_mar.checks.subject import Subject
from hatch_mar.pysource.module import Module

PATH = re.compile(rb"\b(?:sys|site|__path__|exec|__import__)\b")
"""What every module has that may change where Python finds modules."""


def read_sources(subject: Subject) -> Iterator[tuple[Member, bytes]]:
    """The archive's Python files.

    Raises:
        Exhausted: too much has been read already.
    """
    for name, member in subject.members.items():
        if name.endswith(".py"):
            source = subject.text(member)
            subject.budget.spend(FILES)
            subject.budget.spend(BYTES, len(source))
            yield member, source


def find_modules(subject: Subject, words: re.Pattern[bytes]) -> Iterator[Module]:
    """The modules in which any of the words occurs. One that cannot be parsed has no tree."""
    for member, source in read_sources(subject):
        if words.search(source):
            name = member.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            yield subject.module(name) or Module(member, None)


def find_words(subject: Subject, words: re.Pattern[bytes]) -> frozenset[bytes]:
    """What the pattern matches in the archive's Python, in comments too."""
    return frozenset(found[0] for _, source in read_sources(subject) for found in words.finditer(source))


def changes_path(subject: Subject) -> bool:
    """Whether the archive may change where Python finds modules, so that none can be said to be missing."""
    modules = find_modules(subject, PATH)
    return any(module.tree is None or may_change_path(subject, module) for module in modules)
