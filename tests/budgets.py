"""Budgets that end soon."""

from __future__ import annotations

from hatch_mar.budget import Budget, Unit


def enough_for(unit: Unit, count: int) -> Budget:
    """A budget of the time that so much of a unit takes, and hardly more."""
    return Budget(unit.time * (count + 0.5))
