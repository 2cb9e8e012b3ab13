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
        ("x.image.convert('RGB')", [False, False, False]),
    ],
)
def test_made(body: str, expected: list[bool]):
    made = Made()
    for event in rehearse(f"import x\n{body}\nclass A: ..."):
        made.follow(event)

    assert [made.may_have(path) for path in ("a", "b", "c/d/e")] == expected
