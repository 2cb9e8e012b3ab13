"""Waiting for a condition."""

from __future__ import annotations

from tests.release.deployment.fake_torchserve import FakeClock


def test_wait_until(clock: FakeClock):
    """It ends when the condition holds, or when the time is over."""
    assert clock.pace.wait_until(lambda: clock.time > 2, 5)
    assert clock.time < 3
    assert not clock.pace.wait_until(lambda: False, 5)
