from __future__ import annotations

import pytest

from hatch_mar.budget import A_BYTE, COSTS, Budget, Exhausted
from tests.budgets import enough_for


class TestBudget:
    def test_spend(self):
        """All units are paid from the same time: what one takes, the others lack."""
        budget = enough_for("files", 2)
        budget.spend("files")
        left = budget.count_left("operations")
        budget.spend("files")

        assert 0 < budget.count_left("operations") < left
        with pytest.raises(Exhausted, match=r"^more operations than a command reads$"):
            budget.spend("operations", left)

    def test_exhausted(self):
        """Whoever wants more than is left ends the spending for all."""
        budget = enough_for("requirement lines", 3)
        with pytest.raises(Exhausted, match="more requirement lines than a command reads"):
            budget.spend("requirement lines", 4)
        with pytest.raises(Exhausted):
            budget.spend("bytes", 1)

    def test_memory(self):
        """What is kept is bounded as well, and begins anew with each archive."""
        budget = Budget(memory=10 * COSTS["members"].memory)
        budget.spend("members", 10)
        budget.release_memory()
        budget.spend("members", 10)
        with pytest.raises(Exhausted, match="more members"):
            budget.spend("members")
        budget.spend("files")

    def test_grow(self):
        """A file on the disk pays for itself, in time and in memory."""
        budget = Budget(0, 0)
        budget.grow(1 << 20)

        assert (budget.time, budget.memory) == (A_BYTE.time * (1 << 20), A_BYTE.memory * (1 << 20))
