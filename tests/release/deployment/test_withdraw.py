"""What becomes of a version whose deployment failed."""

from __future__ import annotations

import pytest

from hatch_mar.errors import ReleaseError
from tests.release.deployment.fake_torchserve import (
    API_OFF,
    FakeClock,
    FakeTorchServe,
    HangUp,
    Reply,
    hang_up,
    refusal,
)
from tests.release.deployment.rollouts import RIGHT, WRONG, plan


def test_lost_registration(two: FakeTorchServe, clock: FakeClock):
    """A version whose registration was not answered is removed when it appears."""

    def register_later() -> Reply:
        two.overrides["GET /models/digits/2"] = appear
        raise HangUp

    def appear() -> None:
        if clock.time > 2:
            two.add("2.0")

    two.overrides["POST /models"] = register_later

    with pytest.raises(ReleaseError, match=r"^Cannot reach the management API") as error:
        plan(two, clock).run()
    assert [*two.models["digits"]] == ["1.0"]
    assert error.value.faults[-1] == "digits 2.0 is unregistered again; 1.0 is still the default"


def test_server_that_ends(two: FakeTorchServe, clock: FakeClock):
    """The same reason is not said twice."""

    def end() -> Reply:
        two.overrides["."] = hang_up
        raise HangUp

    two.overrides[r"GET /models/digits/2"] = end

    with pytest.raises(ReleaseError) as error:
        plan(two, clock).run()
    assert error.value.faults[-1] == "Warning: digits 2.0 could not be unregistered"


def test_lost_for_good(two: FakeTorchServe, clock: FakeClock):
    """One that does not appear may do so later, which is said."""
    two.overrides["POST /models"] = hang_up

    with pytest.raises(ReleaseError, match=r"the server may still register digits 2\.0"):
        plan(two, clock).run()


def test_gone(two: FakeTorchServe, clock: FakeClock):
    """If the server does not answer any more, what it may still have is said."""

    def end() -> Reply:
        two.overrides["."] = hang_up
        raise HangUp

    two.overrides["POST /predictions"] = end

    with pytest.raises(ReleaseError, match=r"^Cannot reach the inference API") as error:
        plan(two, clock, RIGHT).run()
    assert error.value.faults[-1].startswith("Warning: digits 2.0 could not be unregistered: Cannot reach")


def test_never_there(two: FakeTorchServe, clock: FakeClock):
    """What the server has not registered is not said to be unregistered."""
    two.overrides["POST /models"] = lambda: refusal(500, "InternalServer", "Model file already exists x.mar")

    with pytest.raises(ReleaseError, match="Model file already exists") as error:
        plan(two, clock).run()
    assert error.value.faults[-1] == "digits 2.0 is not registered; 1.0 is still the default"


def test_nothing(two: FakeTorchServe, clock: FakeClock):
    """After a refusal that leaves nothing on the server, there is nothing to unregister."""
    two.overrides["(POST|DELETE) /models"] = lambda: API_OFF

    with pytest.raises(ReleaseError, match=r"model API of .* is disabled") as error:
        plan(two, clock).run()
    assert len(error.value.faults) == 1


def test_not_removable(two: FakeTorchServe, clock: FakeClock):
    two.overrides["DELETE "] = lambda: refusal(503, "ServiceUnavailable", "busy")

    with pytest.raises(ReleaseError) as error:
        plan(two, clock, WRONG).run()
    expected = "Warning: digits 2.0 could not be unregistered: TorchServe said: busy (status 503)"
    assert error.value.faults[-1] == expected


def test_default_by_another(two: FakeTorchServe, clock: FakeClock):
    """A version that has become the default is not removed from under the clients."""
    two.overrides["POST /predictions"] = lambda: two.defaults.update(digits="2.0")

    with pytest.raises(ReleaseError, match=r"digits 2\.0 is already the default, and stays so"):
        plan(two, clock, WRONG).run()
    assert "DELETE /models/digits/2.0" not in two.changes


def test_another_default(two: FakeTorchServe, clock: FakeClock):
    """Whoever reads that the version is unregistered wants to know what answers now."""
    two.add("3.0")
    two.overrides["POST /predictions"] = lambda: two.defaults.update(digits="3.0")

    with pytest.raises(ReleaseError) as error:
        plan(two, clock, WRONG).run()
    assert error.value.faults[-1] == "digits 2.0 is unregistered again; 3.0 is the default"


def test_interrupted_again(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """Somebody who is too impatient for that is told what is left."""
    rollout = plan(two, clock)
    rollout.pace = rollout.pace._replace(sleep=interrupt)
    two.overrides["GET /models/digits/2"] = lambda: refusal(404, "ModelVersionNotFound", "")
    two.overrides["POST /models"] = hang_up

    with pytest.raises(KeyboardInterrupt):
        rollout.run()
    expected = "Warning: digits 2.0 may still be registered; the next deployment takes care of it\n"
    assert capsys.readouterr().err == expected


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
