"""The order of a deployment, and what is left when it fails."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.release.deployment.remote_server import RemoteServer
from hatch_mar.release.deployment.rollout import Deployed
from tests.release.deployment.fake_torchserve import (
    FakeClock,
    FakeTorchServe,
    HangUp,
    Reply,
    Stored,
    Version,
    hang_up,
    refusal,
)
from tests.release.deployment.rollouts import RIGHT, WRONG, plan


class TestRun:
    def test_order(self, two: FakeTorchServe, clock: FakeClock):
        """The version is registered, tried, made the default, and then the old one is removed."""
        outcome = plan(two, clock, RIGHT).run()

        assert two.changes == [
            "POST /models?url=digits-2.0.mar&initial_workers=1&synchronous=false&model_name=digits",
            "POST /predictions/digits/2.0",
            "PUT /models/digits/2.0/set-default",
            "POST /predictions/digits/1.0",
            "DELETE /models/digits/1.0",
        ]
        assert outcome == Deployed("digits", "2.0", True, "digits-2.0.mar", "1.0", 1, ("1.0",))
        assert [*two.models["digits"]] == ["2.0"]

    def test_first(self, fake: FakeTorchServe, clock: FakeClock):
        """The first version of a model replaces none."""
        fake.store["digits-2.0.mar"] = Stored()

        assert plan(fake, clock).run() == Deployed("digits", "2.0", True, "digits-2.0.mar")
        assert fake.defaults == {"digits": "2.0"}

    def test_there(self, two: FakeTorchServe, clock: FakeClock):
        """A version that is the default already is left alone: only GETs are sent."""
        two.defaults["digits"] = "1.0"
        two.add("2.0")
        two.defaults["digits"] = "2.0"

        outcome = plan(two, clock, WRONG).run()
        assert outcome == Deployed("digits", "2.0", False, still_registered=("1.0",), previous=None)
        assert two.changes == []

    def test_default_without_worker(self, two: FakeTorchServe, clock: FakeClock):
        """A default that answers nobody is no success."""
        two.models["digits"]["2.0"] = Version(workers=[])
        two.defaults["digits"] = "2.0"

        with pytest.raises(ReleaseError, match=r"^digits 2\.0 is the default of .*, but has no worker"):
            plan(two, clock).run()
        assert two.changes == []

    @pytest.mark.parametrize("others", [("1.0",), ()])
    def test_default_that_starts(self, others: tuple[str, ...], fake: FakeTorchServe, clock: FakeClock):
        """A default version whose workers are still starting is waited for."""
        fake.add(*others, "2.0", workers=["UNLOADING"])
        fake.defaults["digits"] = "2.0"

        def look() -> None:
            if clock.time > 1:
                fake.models["digits"]["2.0"].workers = ["READY"]

        fake.overrides[r"GET /models/digits/2\.0$"] = look
        assert plan(fake, clock).run().changed is not bool(others)
        assert clock.time > 1
        assert [each for each in fake.changes if not each.startswith("PUT")] == []

    def test_rollback(self, two: FakeTorchServe, clock: FakeClock):
        """A version that is there is tried and made the default, and not registered."""
        two.add("2.0")

        outcome = plan(two, clock, RIGHT).run()
        assert outcome == Deployed("digits", "2.0", True, None, "1.0", 1, ("1.0",))
        assert two.changes[0] == "POST /predictions/digits/2.0"

    def test_failed_rollback(self, two: FakeTorchServe, clock: FakeClock):
        """A version that this has not registered is not unregistered, whatever it answers."""
        two.add("2.0")

        with pytest.raises(ReleaseError, match=r"digits 2\.0 was registered before and still is"):
            plan(two, clock, WRONG).run()
        assert two.changes == ["POST /predictions/digits/2.0"]

    @pytest.mark.parametrize("others", [("1.0",), ()])
    def test_remnant(self, others: tuple[str, ...], fake: FakeTorchServe, clock: FakeClock):
        """What a deployment remains of a failed without a worker is registered anew."""
        fake.add(*others, "2.0")
        fake.models["digits"]["2.0"].workers = []
        fake.store["digits-2.0.mar"] = Stored()

        assert plan(fake, clock).run().registered == "digits-2.0.mar"
        assert fake.changes[0] == "DELETE /models/digits/2.0"
        assert fake.models["digits"]["2.0"].workers == ["READY"]

    def test_workers(self, two: FakeTorchServe, clock: FakeClock):
        """A new version has as many workers as the one that it replaces, or as many as are asked for."""
        two.models["digits"]["1.0"].workers *= 3

        assert plan(two, clock).workers == 3
        assert plan(two, clock, workers=2).workers == 2

    def test_starting(self, two: FakeTorchServe, clock: FakeClock):
        """A worker that is starting, which TorchServe calls `UNLOADING`, is waited for."""
        two.add("2.0", workers=["READY", "UNLOADING"])
        polled = []

        def look() -> None:
            polled.append(clock.time)
            if len(polled) == 3:
                two.models["digits"]["2.0"].workers = ["READY", "READY"]

        two.overrides[r"GET /models/digits/2\.0$"] = look
        plan(two, clock).run()
        assert len(polled) == 3

    def test_keep(self, two: FakeTorchServe, clock: FakeClock):
        """Of the old versions the last default stays, and then those that were started last."""
        two.add("0.8", started="2026-02")
        two.add("0.9", started="2026-01")

        outcome = plan(two, clock, keep=2).run()
        assert (outcome.unregistered, outcome.still_registered) == (("0.9",), ("1.0", "0.8"))


class TestFailure:
    def check(self, fake: FakeTorchServe) -> None:
        """The old default answers, and the new version is gone."""
        assert [*fake.models["digits"]] == ["1.0"]
        assert fake.defaults == {"digits": "1.0"}

    def test_wrong_answer(self, two: FakeTorchServe, clock: FakeClock):
        """A version with a wrong answer does not become the default, and the answer is shown first."""
        with pytest.raises(ReleaseError) as error:
            plan(two, clock, WRONG).run()
        self.check(two)
        assert error.value.faults == (
            'digits 2.0: `example #1`: `version` is "2.0", expected "x"',
            "digits 2.0 is unregistered again; 1.0 is still the default",
        )

    def test_failed_example(self, two: FakeTorchServe, clock: FakeClock):
        """If the worker fails, where its own reason is to be found is said."""
        two.overrides["/predictions/"] = lambda: refusal(503, "InternalServer", "Prediction failed")

        with pytest.raises(ReleaseError, match=r"got status 503: .*; the reason is in the server's `logs"):
            plan(two, clock, RIGHT).run()

    def test_first(self, fake: FakeTorchServe, clock: FakeClock):
        """So does not a first version, which TorchServe makes the default by itself."""
        fake.store["digits-2.0.mar"] = Stored()

        with pytest.raises(ReleaseError):
            plan(fake, clock, WRONG).run()
        assert fake.models == {}

    def test_broken(self, two: FakeTorchServe, clock: FakeClock):
        """A version whose workers do not start is removed, and where the reason is to be found is said."""
        two.store["digits-2.0.mar"].breaks = True

        with pytest.raises(
            ReleaseError, match=r"^digits 2\.0: a worker died while it was loading; the reason"
        ):
            plan(two, clock).run()
        self.check(two)

    def test_left_broken(self, two: FakeTorchServe, clock: FakeClock):
        """A version that a killed deployment has left, and whose worker dies, does not stay."""
        two.add("2.0", workers=["UNLOADING"], processes=[100, 100, 100, 101])

        with pytest.raises(ReleaseError, match=r"^digits 2\.0: a worker died while it was loading"):
            plan(two, clock).run()
        self.check(two)

    def test_left_broken_alone(self, fake: FakeTorchServe, clock: FakeClock):
        """Nor does it if it is the only version, and so the default."""
        fake.add("2.0", workers=["UNLOADING"], processes=[100, 100, 100, 100, 101])

        with pytest.raises(ReleaseError, match=r"^digits 2\.0: a worker died while it was loading"):
            plan(fake, clock).run()
        assert fake.models == {}

    def test_never_ready(self, two: FakeTorchServe, clock: FakeClock):
        two.overrides[r"GET /models/digits/2\.0$"] = lambda: (200, [Version([]).describe("2.0")])

        with pytest.raises(ReleaseError, match=r"^digits 2\.0 was not ready after 5 s"):
            plan(two, clock, timeout=5.0).run()
        self.check(two)

    def test_gone_in_trial(self, two: FakeTorchServe, clock: FakeClock):
        """Nor is its answer, which may never come."""
        noticed = Event()

        def hang() -> Reply:
            two.remove("2.0")
            assert noticed.wait(10)
            return hang_up()

        def look() -> None:
            if "2.0" not in two.models["digits"]:
                noticed.set()

        two.overrides |= {"POST /predictions": hang, "DELETE ": look}
        with pytest.raises(ReleaseError, match=r"^digits 2\.0 was unregistered by somebody else while it w"):
            plan(two, clock, RIGHT).run()
        assert noticed.is_set()
        self.check(two)

    def test_gone(self, two: FakeTorchServe, clock: FakeClock):
        """A version that somebody else unregisters is not waited for."""
        two.store["digits-2.0.mar"].breaks = True
        two.overrides[r"GET /models/digits/2\.0$"] = lambda: two.models["digits"].pop("2.0", None) and None

        with pytest.raises(ReleaseError, match=r"^digits 2\.0 was unregistered by somebody else"):
            plan(two, clock).run()
        self.check(two)

    @pytest.mark.parametrize("step", ["register", "describe", "predict", "set_default"])
    def test_interrupted(self, step: str, two: FakeTorchServe, clock: FakeClock):
        """Ctrl-C before the default is set leaves the server as it was."""
        rollout = plan(two, clock, RIGHT)
        left = [step]

        class Interrupted(RemoteServer):
            def ask(self, interface: Any, send: Any, *what: Any, **options: Any) -> Any:
                hit = left == [send.__name__]
                if hit:
                    left.clear()
                if not hit or step == "register":
                    done = super().ask(interface, send, *what, **options)
                if hit:
                    raise KeyboardInterrupt
                return done

        rollout.server = Interrupted(*vars(rollout.server).values())

        with pytest.raises(KeyboardInterrupt):
            rollout.run()
        self.check(two)

    def test_lost_default(self, two: FakeTorchServe, clock: FakeClock):
        """If the default was set and only the answer was lost, the deployment goes on."""

        def lose() -> Reply:
            two.defaults["digits"] = "2.0"
            raise HangUp

        two.overrides["PUT "] = lose

        assert plan(two, clock).run().unregistered == ("1.0",)

    def test_unset_default(self, two: FakeTorchServe, clock: FakeClock):
        """If it was not set, the version is removed."""
        two.overrides["PUT "] = hang_up

        with pytest.raises(ReleaseError):
            plan(two, clock).run()
        self.check(two)


class TestForesee:
    def test_new(self, two: FakeTorchServe, clock: FakeClock):
        outcome = plan(two, clock, RIGHT).foresee()

        assert outcome == Deployed("digits", "2.0", True, "digits-2.0.mar", "1.0", 1, ("1.0",))
        assert two.changes == []

    def test_rollback(self, two: FakeTorchServe, clock: FakeClock):
        two.add("2.0")

        expected = Deployed("digits", "2.0", True, None, "1.0", 0, (), ("1.0",))
        assert plan(two, clock, keep=1).foresee() == expected

    def test_there(self, fake: FakeTorchServe, clock: FakeClock):
        fake.add("2.0")

        assert plan(fake, clock).foresee() == Deployed("digits", "2.0", False)
