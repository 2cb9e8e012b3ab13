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


def test_lost_registration(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """A version whose registration was not answered is removed when it appears."""

    def register_later() -> Reply:
        two.overrides["GET /models/digits/2"] = appear
        raise HangUp

    def appear() -> None:
        if clock.time > 2:
            two.add("2.0")

    two.overrides["POST /models"] = register_later

    with pytest.raises(ReleaseError, match=r"^Cannot reach the management API"):
        plan(two, clock).run()
    assert [*two.models["digits"]] == ["1.0"]
    assert capsys.readouterr().err == "digits 2.0 is unregistered again; 1.0 is still the default\n"


def test_lost_for_good(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """One that does not appear may do so later, which is said."""
    two.overrides["POST /models"] = hang_up

    with pytest.raises(ReleaseError):
        plan(two, clock).run()
    assert "the server may still register digits 2.0" in capsys.readouterr().err


def test_gone(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """If the server does not answer any more, what it may still have is said."""

    def end() -> Reply:
        two.overrides["."] = hang_up
        raise HangUp

    two.overrides["POST /predictions"] = end

    with pytest.raises(ReleaseError, match=r"^Cannot reach the inference API"):
        plan(two, clock, RIGHT).run()
    assert "Warning: digits 2.0 may still be registered: Cannot reach" in capsys.readouterr().err


def test_never_there(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """What the server has not registered is not said to be unregistered."""
    two.overrides["POST /models"] = lambda: refusal(500, "InternalServer", "Model file already exists x.mar")

    with pytest.raises(ReleaseError, match="Model file already exists"):
        plan(two, clock).run()
    assert capsys.readouterr().err == "digits 2.0 is not registered; 1.0 is still the default\n"


def test_nothing(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """After a refusal that leaves nothing on the server, there is nothing to unregister."""
    two.overrides["(POST|DELETE) /models"] = lambda: API_OFF

    with pytest.raises(ReleaseError, match=r"model API of .* is off"):
        plan(two, clock).run()
    assert capsys.readouterr().err == ""


def test_not_removable(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    two.overrides["DELETE "] = lambda: refusal(503, "ServiceUnavailable", "busy")

    with pytest.raises(ReleaseError):
        plan(two, clock, WRONG).run()
    expected = "Warning: digits 2.0 could not be unregistered: TorchServe said: busy (status 503)\n"
    assert capsys.readouterr().err == expected


def test_default_by_another(two: FakeTorchServe, clock: FakeClock, capsys: pytest.CaptureFixture[str]):
    """A version that has become the default is not removed from under the clients."""
    two.overrides["POST /predictions"] = lambda: two.defaults.update(digits="2.0")

    with pytest.raises(ReleaseError):
        plan(two, clock, WRONG).run()
    assert capsys.readouterr().err.startswith("digits 2.0 is the default already, and stays so")
    assert "DELETE /models/digits/2.0" not in two.changes
