from __future__ import annotations

import pytest

from hatch_mar.budget import Budget, Exhausted


class TestBudget:
    def test_spend(self):
        """What is spent is gone, of each unit by itself."""
        budget = Budget({"lines": 3, "members": 3})
        budget.spend("lines", 2)
        budget.spend("lines", 1)
        budget.spend("members", 3)

        assert (budget.left["lines"], budget.left["members"]) == (0, 0)

    def test_exhausted(self):
        """Whoever wants more than is left ends the spending for all."""
        budget = Budget({"lines": 3})
        with pytest.raises(Exhausted, match="more than the 3 lines that are read"):
            budget.spend("lines", 4)
        with pytest.raises(Exhausted):
            budget.spend("lines", 1)
