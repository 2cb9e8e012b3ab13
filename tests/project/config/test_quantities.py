from __future__ import annotations

import pytest

from hatch_mar.project.config import quantities
from hatch_mar.project.config.shape import ShapedReader


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (quantities.tolerance, 0.1),
        (quantities.count_from(1), 1),
        (quantities.seconds, 0),
        (quantities.seconds, 0.5),
        (quantities.limit, 0.5),
    ],
)
def test_taken(read: ShapedReader[object], value: object):
    """A number is stored as it is written."""
    assert read(value) == value


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (quantities.tolerance, float("nan"), "must be a finite number of at least 0"),
        (quantities.tolerance, True, "must be a finite number"),
        (quantities.count_from(1), 0, "must be a whole number of at least 1"),
        (quantities.count_from(0), True, "must be a whole number of at least 0"),
        (quantities.seconds, -1, "must be a number of seconds"),
        (quantities.seconds, float("inf"), "must be a number of seconds"),
        (quantities.limit, 0, "must be a number of seconds, more than 0 and"),
        (quantities.limit, 1e9, "must be a number of seconds, more than 0 and at most 86400"),
    ],
)
def test_refused(read: ShapedReader[object], value: object, message: str):
    """Anything else is refused with what it must be."""
    with pytest.raises(ValueError, match=f"^{message}"):
        read(value)
