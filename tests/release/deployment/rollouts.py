"""Rollouts of version 2.0 of a model, for tests."""

from __future__ import annotations

from typing import Any

from hatch_mar.project.config.models import ArchiveConfig, Deployment
from hatch_mar.release.deployment.rollout import Rollout
from hatch_mar.trial.examples.expectation import Expectation
from hatch_mar.trial.examples.request import Request
from tests.release.deployment.fake_torchserve import FakeClock, FakeTorchServe


def example(expect: Any) -> Request:
    return Request("example #1", b"[1]", "application/json", Expectation(expect))


RIGHT, WRONG = example({"version": "2.0"}), example({"version": "x"})


def plan(fake: FakeTorchServe, clock: FakeClock, *examples: Request, **settings: Any) -> Rollout:
    server = fake.remote()
    return Rollout(
        ArchiveConfig("digits", "2.0", "handler.py"),
        Deployment(fake.url, **settings),
        server,
        ["digits-2.0.mar"],
        examples,
        server.describe("digits"),
        server.find_default("digits"),
        tell=lambda _: None,
        pace=clock.pace,
    )
