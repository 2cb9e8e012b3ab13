from __future__ import annotations

import pytest

from hatch_mar.budget import (
    BYTES,
    FILES,
    MEMBERS,
    MEMORY_A_BYTE,
    OPERATIONS,
    REQUIREMENT_LINES,
    TIME_A_BYTE,
    Budget,
    Exhausted,
)
from tests.budgets import enough_for


class TestBudget:
    def test_spend(self):
        """All units are paid from the same time: what one takes, the others lack."""
        budget = enough_for(FILES, 2)
        budget.spend(FILES)
        left = budget.count_left(OPERATIONS)
        budget.spend(FILES)

        assert 0 < budget.count_left(OPERATIONS) < left
        with pytest.raises(Exhausted, match=r"^more operations than a command reads$"):
            budget.spend(OPERATIONS, left)

    def test_exhausted(self):
        """Whoever wants more than is left ends the spending for all."""
        budget = enough_for(REQUIREMENT_LINES, 3)
        with pytest.raises(Exhausted, match="more requirement lines than a command reads"):
            budget.spend(REQUIREMENT_LINES, 4)
        with pytest.raises(Exhausted):
            budget.spend(BYTES, 1)

    def test_memory(self):
        """What is kept is bounded as well, and begins anew with each archive."""
        budget = Budget(memory=10 * MEMBERS.memory)
        budget.spend(MEMBERS, 10)
        budget.release_memory()
        budget.spend(MEMBERS, 10)
        with pytest.raises(Exhausted, match="more members"):
            budget.spend(MEMBERS)
        budget.spend(FILES)

    def test_grow(self):
        """A file on the disk pays for itself, in time and in memory."""
        budget = Budget(0, 0)
        budget.grow(1 << 20)

        assert (budget.time, budget.memory) == (TIME_A_BYTE * (1 << 20), MEMORY_A_BYTE * (1 << 20))

    def test_memory_for_a_file(self):
        """A file may take more than what is left, since that is free again when it has been looked into."""
        budget = Budget(memory=MEMBERS.memory)
        budget.spend(MEMBERS)

        assert budget.memory_for_a_file() > 0
