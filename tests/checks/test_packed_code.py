"""All Python of an archive, searched for words."""

from __future__ import annotations

import re

import pytest

from hatch_mar.budget import FILES, Exhausted
from hatch_mar.checks.packed_code import changes_path, find_modules, find_words
from tests.budgets import enough_for
from tests.checks import HANDLER, subject

FILES_OF_PYTHON = {
    "h.py": HANDLER,
    "a/__init__.py": "word = 1",
    "a/b.py": "# a word",
    "odd-name/c.d.py": "word",
    "broken.py": "word = (",
    "notes.txt": "word",
}


def test_modules():
    """Every file with the word counts, whatever imports it; one that cannot be parsed has no tree."""
    found = {
        module.member.name: module.tree is not None
        for module in find_modules(subject(FILES_OF_PYTHON), re.compile(rb"\bword\b"))
    }

    assert found == {"a/__init__.py": True, "a/b.py": True, "odd-name/c.d.py": False, "broken.py": False}


def test_words():
    words = re.compile(rb"\b(?:word|context|absent)\b")

    assert find_words(subject(FILES_OF_PYTHON), words) == {b"word", b"context"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import sys\nprint(sys.argv)", False),
        ("def f():\n    sys.modules['models'] = net", True),
        ("exec(code)", True),
        ("import sys\n(", True),
        ("'''Not executed.'''", False),
    ],
)
def test_changes_path(source: str, expected: bool):
    """Whether no module can be said to be missing, since any may be found elsewhere."""
    assert changes_path(subject({"h.py": HANDLER, "a.py": source})) is expected


def test_bounded():
    """What is read is paid."""
    of = subject({f"m{number}.py": "" for number in range(10)})
    of.budget = enough_for(FILES, 5)

    with pytest.raises(Exhausted):
        find_words(of, re.compile(rb"word"))
