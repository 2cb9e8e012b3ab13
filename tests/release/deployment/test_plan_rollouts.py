"""What is looked up before anything is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import ArchiveConfig, Deployment, Example
from hatch_mar.release.deployment.plan_rollouts import inference_beside, open_server, plan_rollouts
from tests.release.deployment.fake_torchserve import FakeTorchServe

ARCHIVE = ArchiveConfig("digits", "2.0", "handler.py")
TRIED = ARCHIVE._replace(examples=(Example({"a": 1}),))


@pytest.mark.parametrize(
    ("management", "expected"),
    [
        ("http://serving:8081", "http://serving:8080"),
        ("https://serving", "https://serving:8080"),
        ("http://[::1]:8081", "http://[::1]:8080"),
        ("http://[::1]", "http://[::1]:8080"),
    ],
)
def test_inference_beside(management: str, expected: str):
    assert inference_beside(management) == expected


@pytest.mark.parametrize(("host", "proxied"), [("serving", True), ("127.0.0.1", False), ("localhost", False)])
def test_proxy(host: str, proxied: bool, tmp_path: Path):
    """The way to this machine leads through no proxy."""
    server = open_server(Deployment(f"http://{host}:8081"), tmp_path)

    assert (server.management.proxied, server.inference.proxied) == (proxied, proxied)


def test_gets(fake: FakeTorchServe, tmp_path: Path):
    """The server is only asked; its inference API is asked only if there are examples."""
    settings = Deployment(fake.url, fake.url)
    for archive in (ARCHIVE, TRIED):
        [rollout] = plan_rollouts([archive], settings, tmp_path, print)
        assert rollout.names == ["digits-2.0.mar", "digits.mar"]

    asked = ["GET /models/digits/all", "GET /models/digits"]
    assert fake.calls == [*asked, *asked, "GET /ping"]


def test_unhealthy(fake: FakeTorchServe, tmp_path: Path):
    """A server one of whose models has no worker can be deployed to."""
    fake.overrides["/ping"] = lambda: (500, {"status": "Unhealthy"})

    assert plan_rollouts([TRIED], Deployment(fake.url, fake.url), tmp_path, print)


def test_keys(fake: FakeTorchServe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each API gets its own key."""
    fake.keys = {"management": "m", "inference": "i"}
    monkeypatch.setenv("HATCH_MAR_MANAGEMENT_KEY", "m")
    with pytest.raises(ReleaseError, match=r"^The inference API of .* requires a key"):
        plan_rollouts([TRIED], Deployment(fake.url, fake.url), tmp_path, print)

    monkeypatch.setenv("HATCH_MAR_INFERENCE_KEY", "i")
    assert plan_rollouts([TRIED], Deployment(fake.url, fake.url), tmp_path, print)


@pytest.mark.parametrize("body", [b"<html>", {"models": []}, [{}], [1]])
def test_not_torchserve(body: object, fake: FakeTorchServe, tmp_path: Path):
    """What answers with something else is no TorchServe."""
    fake.overrides["/models"] = lambda: (200, body)

    with pytest.raises(ReleaseError, match=r"^http://127\.0\.0\.1:\d+ is not a TorchServe"):
        plan_rollouts([ARCHIVE], Deployment(fake.url), tmp_path, print)


def test_faults(fake: FakeTorchServe, tmp_path: Path):
    """All that is wrong with the archives is said at once, and the server is not asked."""
    missing = ARCHIVE._replace(examples=(Example("missing.png"),))
    with pytest.raises(ReleaseError) as error:
        plan_rollouts([missing, ARCHIVE], Deployment(fake.url, url="s3://a/{file}"), tmp_path, print)

    assert len(error.value.faults) == 2
    assert fake.calls == []
