"""How long an old version is left to answer."""

from __future__ import annotations

from threading import Event

import pytest

from tests.release.deployment.fake_torchserve import FakeClock, FakeTorchServe, Reply, hang_up
from tests.release.deployment.rollouts import RIGHT, plan


def test_waits(two: FakeTorchServe, clock: FakeClock):
    """The old version is removed when no request has waited for it for long enough."""
    two.models["digits"]["1.0"].pending = [0, *[1] * 20, 0]
    plan(two, clock, drain=3.0).run()

    assert clock.time == pytest.approx(2.0 + 3.0, abs=0.3)


def test_slow(two: FakeTorchServe, clock: FakeClock):
    """Where examples take long, so does a request that has just left the queue."""
    two.overrides["/predictions/digits/2"] = lambda: clock.sleep(7)
    plan(two, clock, RIGHT, drain=1.0).run()

    assert 7 + 2 * 7 <= clock.time < 7 + 2 * 7 + 1


def test_probe(two: FakeTorchServe, clock: FakeClock):
    """The old version must answer one more request, after all that a worker has taken before."""
    plan(two, clock, RIGHT).run()

    assert two.changes[-2:] == ["POST /predictions/digits/1.0", "DELETE /models/digits/1.0"]


def test_silent_probe(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """If it does not, it stays, since requests may be waiting for its worker."""
    two.overrides["/predictions/digits/1"] = hang_up
    outcome = plan(two, clock, RIGHT).run()

    assert outcome.still_registered == ("1.0",)
    assert "is the default, but 1.0 may still be registered: Cannot reach" in capsys.readouterr().err


def test_probe_gone(two: FakeTorchServe, clock: FakeClock):
    """A version that another deployment unregisters at that moment never answers, and is not waited for."""
    removed = Event()

    def hang() -> Reply:
        two.remove("1.0")
        assert removed.wait(10)
        return hang_up()

    def look() -> None:
        if "1.0" not in two.models["digits"]:
            removed.set()

    two.overrides |= {"/predictions/digits/1": hang, "DELETE ": look}
    assert plan(two, clock, RIGHT).run().still_registered == ()
    assert removed.is_set()


@pytest.mark.parametrize("workers", [[], ["UNLOADING"]])
def test_no_worker(workers: list[str], two: FakeTorchServe, clock: FakeClock):
    """A version without a worker answers nobody, so it is asked nothing."""
    two.models["digits"]["1.0"].workers = workers
    plan(two, clock, RIGHT).run()

    assert two.changes[-2:] == ["PUT /models/digits/2.0/set-default", "DELETE /models/digits/1.0"]


def test_busy(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """An old version that never becomes quiet stays, and the new one is the default."""
    two.models["digits"]["1.0"].pending = [4]
    outcome = plan(two, clock, timeout=5.0).run()

    assert (outcome.unregistered, outcome.still_registered) == ((), ("1.0",))
    assert "1.0 stays registered, with 4 requests still waiting" in capsys.readouterr().err


def test_fails(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """A failure after the default was set undoes nothing."""
    two.overrides[r"DELETE /models/digits/1\.0"] = hang_up
    outcome = plan(two, clock).run()

    assert (outcome.changed, outcome.still_registered) == (True, ("1.0",))
    assert "is the default, but 1.0 may still be registered: Cannot reach" in capsys.readouterr().err


def test_removed_by_another(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """An old version that somebody else has unregistered is gone, as it should be."""
    two.overrides["DELETE "] = lambda: two.remove("1.0")
    outcome = plan(two, clock).run()

    assert outcome.still_registered == ()
    assert capsys.readouterr().err == ""


def test_interrupted(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """Whoever interrupts the waiting is told what the server has."""
    rollout = plan(two, clock)
    rollout.pace = rollout.pace._replace(sleep=interrupt)

    with pytest.raises(KeyboardInterrupt):
        rollout.run()
    assert "is the default, but 1.0 may still be registered" in capsys.readouterr().err
    assert two.defaults["digits"] == "2.0"


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
