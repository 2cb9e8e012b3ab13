"""What may be there before it is opened."""

from __future__ import annotations

import pytest

from hatch_mar.checks.opened_files.making import Made
from tests.pysource.rehearsal import rehearse


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x.y('a')", [True, False, False]),
        ("x.y(['a', 'c/d'])", [True, False, True]),
        ("x.y({'to': 'b'})", [False, True, False]),
        ("x.save('.')", [True, True, True]),
        ("x.y('.')", [False, False, False]),
        ("print('a')", [False, False, False]),
        ("x.extractall()", [True, True, True]),
        ("x.fget_object('b')", [True, True, True]),
        ("open(x.y, 'wb')", [True, True, True]),
        ("open('a', 'wb')", [True, False, False]),
        ("open(x.y)", [False, False, False]),
        ("import shutil\nshutil.copy('/d', x.y)", [True, True, True]),
        ("import os\nos.symlink('/d', 'c')", [False, False, True]),
        ("import contextlib\nwith contextlib.chdir('/d'): ...", [True, True, True]),
        ("x.in_directory('/d')", [True, True, True]),
        ("x.add_cd('/d')", [True, True, True]),
        ("x.abcd('/d')", [False, False, False]),
        ("import logging\nlogging.FileHandler('a')\nlogging.info('b')", [True, False, False]),
        ("x.image.convert('RGB')", [False, False, False]),
    ],
)
def test_made(body: str, expected: list[bool]):
    made = Made()
    for event in rehearse(f"import x\n{body}\nclass A: ..."):
        made.follow(event)

    assert [made.may_have(path) for path in ("a", "b", "c/d/e")] == expected
