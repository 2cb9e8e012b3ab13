from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.project.toml import tomllib
from hatch_mar.project.toml_array import add_string

COMMENTS = ('# it\'s, "so" ]', "# [x]")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[]", '["new"]'),
        ("[ ]", '["new"]'),
        ('["a"]', '["a", "new"]'),
        ("['a',]", """['a', "new",]"""),
        ('[ "a" ]', '[ "a", "new" ]'),
        ('["a" ,"b"]', '["a" ,"b", "new"]'),
        ('["a, # b"]', '["a, # b", "new"]'),
        (r'["a\"", """b"""]', r'["a\"", """b""", "new"]'),
        ("[\n]", '[\n    "new"\n]'),
        ("[ # first\n]", '[ # first\n    "new"\n]'),
        ('[\n  "a"\n]', '[\n  "a",\n  "new"\n]'),
        ('[\n\t"a",\n]', '[\n\t"a",\n\t"new",\n]'),
        ('[\n  "a" # why\n]', '[\n  "a", # why\n  "new"\n]'),
        ('[\n  "a", # why\n  # more\n]', '[\n  "a", # why\n  # more\n  "new",\n]'),
        ('[\n  "a"\n  # more\n]', '[\n  "a",\n  # more\n  "new"\n]'),
        ('[\n  # "b",\n  "a"]', '[\n  # "b",\n  "a",\n  "new"]'),
        ('["a",\n "b", # b\n ]', '["a",\n "b", # b\n "new",\n ]'),
        ('["a", # a\n]', '["a", # a\n    "new",\n]'),
        ('["a"\n,]', '["a"\n, "new",]'),
        ('["a" # why\n, # so\n]', '["a" # why\n, # so\n    "new",\n]'),
    ],
)
def test_layouts(before: str, after: str):
    """The string is added as the last value is written, and nothing else changes."""
    assert add_string(before, "new") == after


SPACE = st.sampled_from(
    ["", " ", "\n", "\n  ", f" {COMMENTS[0]}\n", f"\n\t{COMMENTS[1]}\n\t", "\n\n", "\r\n  "]
)
VALUE = st.sampled_from(['"a>=1"', "'b # no'", r'"c\""', '"""d, "e" """', "'''f''g'''", "'h; i == \"j\"'"])


@given(st.lists(st.tuples(SPACE, VALUE, SPACE)), st.booleans(), SPACE)
def test_any_layout(values: list[tuple[str, str, str]], comma: bool, end: str):
    """In any layout, the array has one more value, and every comment that it had."""
    array = f"[{','.join(map(''.join, values))}{',' if comma and values else ''}{end}]"
    added = add_string(array, "new")

    before, after = (tomllib.loads(f"x = {text}")["x"] for text in (array, added))
    assert after == [*before, "new"]
    assert [added.count(comment) for comment in COMMENTS] == [array.count(comment) for comment in COMMENTS]
