from __future__ import annotations

import pytest

from parts.markdown import plain, sentence, table


def test_table():
    """A bar in a cell does not end it."""
    assert table(("A", "B"), [("1", "`x|y`")]) == "| A | B |\n| --- | --- |\n| 1 | `x\\|y` |"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the [tool.mar] table", r"the \[tool.mar\] table"),
        ("*.mar <DIR>", r"\*.mar \<DIR\>"),
        ("`[tool.mar]` and [x]", r"`[tool.mar]` and \[x\]"),
    ],
)
def test_plain(text: str, expected: str):
    """What would be Markdown is shown as it is written, but for code."""
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("print JSON", "Print JSON."), ("`-` and `.`", "`-` and `.`."), ("-, _ and .", "-, _ and .")],
)
def test_sentence(text: str, expected: str):
    """A sentence has one full stop."""
    assert sentence(text) == expected
