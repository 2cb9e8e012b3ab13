from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.release.deployment.fake_torchserve import FakeClock, FakeTorchServe, Stored, serve


@pytest.fixture
def fake() -> Iterator[FakeTorchServe]:
    """A TorchServe that pretends to have no model, and nothing in its model store."""
    with serve(FakeTorchServe()) as started:
        yield started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def two(fake: FakeTorchServe) -> FakeTorchServe:
    """A TorchServe with version 1.0 of a model, in whose model store is version 2.0."""
    fake.add("1.0")
    fake.store["digits-2.0.mar"] = Stored()
    return fake
