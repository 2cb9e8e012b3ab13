"""What a server says of a model."""

from __future__ import annotations

from typing import Any

import pytest

from hatch_mar.release.deployment.remote_server import ModelVersion, RefusedError, SilentError, Worker
from tests.release.deployment.fake_torchserve import INVALID_KEY, FakeTorchServe, Version, hang_up


def test_describe(fake: FakeTorchServe):
    fake.add("1.0", started="2026", pending=[3])

    expected = ModelVersion("1.0", (Worker("9000", "READY", 100),), "2026", 3, 0.1)
    assert fake.remote().describe("digits") == {"1.0": expected}
    assert fake.remote().find_default("digits") == "1.0"


def test_unknown(fake: FakeTorchServe):
    """A model or version that the server does not know is no error."""
    assert fake.remote().describe("digits") == {}
    assert fake.remote().find_default("digits") is None
    fake.add("1.0")
    assert fake.remote().describe("digits", "2.0") == {}


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([], (False, False)),
        (["UNLOADING"], (False, False)),
        (["READY", "UNLOADING"], (False, True)),
        (["READY"], (True, True)),
    ],
)
def test_ready(workers: list[str], expected: tuple[bool, bool]):
    """A version is ready when all workers are; it answers as soon as one is."""
    found = ModelVersion.of(Version(workers).describe("1.0"))

    assert (found.is_ready, found.answers) == expected


def test_refused(fake: FakeTorchServe):
    fake.overrides["."] = lambda: INVALID_KEY

    with pytest.raises(RefusedError, match="requires a key") as error:
        fake.remote().describe("digits")
    assert error.value.kind == "InvalidKeyException"


@pytest.mark.parametrize("answer", [[], {}, [1], "Welcome"])
def test_other_server(answer: Any, fake: FakeTorchServe):
    """An answer without a version is not that of a TorchServe without the model."""
    fake.overrides["."] = lambda: (200, answer)

    with pytest.raises(RefusedError, match="is not a TorchServe"):
        fake.remote().describe("digits")


def test_silent(fake: FakeTorchServe):
    fake.overrides["."] = hang_up

    with pytest.raises(SilentError, match=r"^Cannot reach the management API"):
        fake.remote().set_default("digits", "1.0")
