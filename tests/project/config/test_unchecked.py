from __future__ import annotations

from typing import Any

import pytest

from hatch_mar.project.config.unchecked import find_values


@pytest.mark.parametrize(
    ("mar", "expected"),
    [
        ({}, [None]),
        ({"try": True}, [True]),
        ({"try": True, "archives": [{}, {"try": False}, {"try": "x"}]}, [True, False, "x"]),
        ({"archives": []}, []),
        ({"archives": {}}, []),
        ({"archives": [5, {"try": 1}]}, [1]),
        (5, []),
    ],
)
def test_values(mar: Any, expected: list[object]) -> None:
    """Each archive has its own value or the default; what is invalid is passed over."""
    assert find_values({"tool": {"mar": mar}}, "try") == expected


@pytest.mark.parametrize("pyproject", [{}, {"tool": 5}, {"tool": {}}])
def test_no_table(pyproject: dict[str, Any]) -> None:
    """Without a table there are no archives."""
    assert find_values(pyproject, "try") == []
