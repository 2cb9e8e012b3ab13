"""The TorchServe that the unit tests of `hatch-mar deploy` ask answers as the real one does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.manifest import Manifest
from hatch_mar.torchserve.client import Inference, Management
from tests.archives import INSTANT
from tests.e2e.conftest import without
from tests.e2e.torchserve import TorchServe, missing
from tests.e2e.waiting import DEADLINE, wait_until
from tests.release.deployment.fake_torchserve import FakeTorchServe, Stored, serve
from tests.trial import write_archive

HANDLER = b"""\
def handle(data, context):
    return data and [{"version": context.manifest["model"]["modelVersion"]}] * len(data)
"""
DESCRIBED = ("modelVersion", "modelUrl", "maxBatchDelay", "workers", "jobQueueStatus")
"""What is read of a version's description, and of its workers."""
WORKER = ("status",)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[TorchServe]:
    if reason := missing():
        without(reason)
    store, work = tmp_path / "store", tmp_path / "w"
    store.mkdir()
    work.mkdir()
    for version in ("1.0", "2.0"):
        manifest = Manifest.for_model(
            model_name="other", model_version=version, handler="handler.py", created=INSTANT
        )
        archive = Archive(manifest, (Member("handler.py", BytesSource(HANDLER)),))
        write_archive(archive, store / f"digits-{version}.mar")
    with TorchServe(store, work, token_auth=True) as server:
        yield server


@pytest.fixture
def fake() -> Iterator[FakeTorchServe]:
    store = {f"digits-{version}.mar": Stored("other", version) for version in ("1.0", "2.0")}
    keys = {"management": "one", "inference": "two"}
    with serve(FakeTorchServe(store, keys=keys)) as server:
        yield server


def converse(management: Management, inference: Inference) -> dict[str, tuple[int, Any]]:
    """What a server with an archive of two versions answers, from its first request to its last."""
    said: dict[str, tuple[int, Any]] = {}

    def ask(label: str, send: Any, *what: object, **options: object) -> None:
        answer = send(*what, DEADLINE, **options)
        said[label] = answer.status, essence(answer.value)

    def is_ready(version: str) -> bool:
        workers = management.describe("digits", DEADLINE, version).value[0]["workers"]
        return [worker["status"] for worker in workers] == ["READY"]

    register = partial(management.register, model_name="digits", synchronous="false")
    ask("describe nothing", management.describe, "digits", version="all")
    ask("register a missing file", register, "digits-3.0.mar")
    for version in ("1.0", "2.0"):
        ask(f"register {version}", register, f"digits-{version}.mar")
        wait_until(partial(is_ready, version), f"{version} is ready")
    ask("register again", register, "digits-1.0.mar")
    ask("describe all", management.describe, "digits", version="all")
    ask("describe the default", management.describe, "digits")
    ask("describe another model", management.describe, "letters")
    predict = partial(inference.predict, "digits", b"{}", "application/json")
    ask("predict", predict)
    ask("predict by version", predict, version="2.0")
    ask("ping", inference.ping)
    for label, send in (
        ("describe", management.describe),
        ("set default", lambda name, seconds, version: management.set_default(name, version, seconds)),
        ("unregister", management.unregister),
        ("predict by", lambda name, seconds, version: predict(seconds, version=version)),
    ):
        ask(f"{label} a missing version", send, "digits", version="3.0")
    ask("unregister the default", management.unregister, "digits", version="1.0")
    ask("set default", management.set_default, "digits", "2.0")
    ask("describe the new default", management.describe, "digits")
    ask("unregister the old one", management.unregister, "digits", version="1.0")
    ask("unregister the last one", management.unregister, "digits", version="2.0")
    ask("unregister nothing", management.unregister, "digits", version="2.0")
    ask("manage with another key", Management(management.url, lambda: "three").describe, "digits")
    ask("manage without a key", Management(management.url).describe, "digits")
    ask("ping without a key", Inference(inference.url).ping)
    return said


def essence(value: Any) -> Any:
    """What `hatch-mar deploy` reads of an answer."""
    if not isinstance(value, list):
        return value
    found = [{key: each[key] for key in DESCRIBED} for each in value]
    for each in found:
        each["workers"] = [{key: worker[key] for key in WORKER} for worker in each["workers"]]
    return sorted(found, key=lambda each: str(each["modelVersion"]))


def test_alike(real: TorchServe, fake: FakeTorchServe) -> None:
    told = converse(
        Management(f"http://127.0.0.1:{real.management_port}", lambda: real.key("management")),
        Inference(f"http://127.0.0.1:{real.inference_port}", lambda: real.key("inference")),
    )
    keys = fake.keys
    assert told == converse(
        Management(fake.url, lambda: keys["management"]), Inference(fake.url, lambda: keys["inference"])
    )
