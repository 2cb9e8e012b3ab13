"""What can be told of values."""

from __future__ import annotations

import pytest

from hatch_mar.pysource.rehearsal.known_values import (
    BATCH,
    PRESENT,
    UNKNOWN,
    Context,
    Reference,
    Table,
    blend,
    is_none,
    truth,
)


@pytest.mark.parametrize(
    ("value", "none", "true"),
    [
        (None, True, False),
        ("", False, False),
        ("a", False, True),
        ((), False, False),
        ({"a": 1}, False, True),
        (Table("a", {}), False, False),
        (Context(), False, True),
        (Reference("a"), None, None),
        (UNKNOWN, None, None),
        (PRESENT, False, None),
        (BATCH, False, True),
    ],
)
def test_truth(value: object, none: bool | None, true: bool | None):
    assert (is_none(value), truth(value)) == (none, true)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "a"], "a"),
        (["a", "b"], PRESENT),
        (["a", None], UNKNOWN),
        ([1, True], PRESENT),
        ([None, None], None),
        ([UNKNOWN, "a"], UNKNOWN),
    ],
)
def test_blend(values: list[object], expected: object):
    assert blend(values) is expected or blend(values) == expected
