"""No archive is inflated without end."""

from __future__ import annotations

import pytest

from hatch_mar.archive.formats import limit
from hatch_mar.archive.formats.limit import PASSES, InflationLimit
from hatch_mar.errors import ReadError


def test_end(monkeypatch: pytest.MonkeyPatch):
    """So much may be inflated, and no byte more."""
    monkeypatch.setattr(limit, "LONGEST_INFLATION", 1000)
    budget = InflationLimit("m.mar", 10)
    budget.spend(1000 + 10 * PASSES)

    with pytest.raises(ReadError, match=r"^m\.mar: MAR806 "):
        budget.spend(1)
