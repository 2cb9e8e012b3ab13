"""What functions of Python's library return."""

from __future__ import annotations

import os.path
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.pysource.rehearsal import library
from hatch_mar.pysource.rehearsal.known_values import UNKNOWN
from tests.pysource.rehearsal import shown


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("os.path.join(os.getcwd(), 'a', 'b')", "MODEL/a/b"),
        ("os.path.join('a', os.name)", UNKNOWN),
        ("os.path.dirname(os.path.abspath(__file__))", "MODEL"),
        ("pathlib.Path(__file__).resolve().parent / 'a'", "MODEL/a"),
        ("pathlib.Path(__file__).parents[0].joinpath('a', 'b')", "MODEL/a/b"),
        ("str(pathlib.Path('a') / 'b.txt')", "a/b.txt"),
        ("pathlib.Path('a/b.txt').with_suffix('.md').name", "b.md"),
        ("'{}/{}'.format('a', 'b')", "a/b"),
        ("'{:>999999999}'.format('a')", UNKNOWN),
        ("'/'.join(['a', 'b'])", "a/b"),
        ("'a,b'.split(',')", ("a", "b")),
        ("'{name}-{value}'.format(name='a', value='b')", "a-b"),
        ("int('x', function=1)", UNKNOWN),
        ("os.curdir + os.sep + 'a'", "./a"),
        ("int('x')", UNKNOWN),
        ("len('abc')", 3),
        ("'x'.unheard_of()", UNKNOWN),
    ],
)
def test_functions(expression: str, expected: object):
    assert shown(f"seen({expression})") == [expected]


@given(st.lists(st.text(alphabet="ab/.", max_size=5), min_size=1))
def test_join(parts: list[str]):
    """Paths are joined as the worker joins them."""
    assert library.join(*parts) == posixpath.join(*parts)


def test_long():
    assert library.compute(os.path.join, "a" * 2000, "b") == UNKNOWN
    assert library.compute(len, ("a" * 600, "b" * 600)) == UNKNOWN
