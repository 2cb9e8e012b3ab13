"""`hatch-mar deploy` to a TorchServe with token authorization: no request is lost, nothing broken stays."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from hatch_mar.cli import main
from tests.e2e.conftest import CHECKOUT, Run, without
from tests.e2e.torchserve import TorchServe, TorchServeError, missing
from tests.e2e.traffic import Traffic
from tests.e2e.waiting import DEADLINE, wait_until

HANDLER = """\
import time
from pathlib import Path

class Handler:
    def initialize(self, context):
        {initialize}

    def handle(self, data, context):
        {handle}
        return [{{"version": "{answer}"}}] * len(data)
"""
BATCHES = "batchSize: 8\nmaxBatchDelay: 200\n"
"""With 50 requests a second, a worker that takes 0.1 s for a batch always has requests, and keeps up."""
PYPROJECT = """\
[project]
name = "{model}"
version = "{version}"

[tool.mar]
handler = "handler.py"
config-file = "model-config.yaml"
archive-name = "{archive_name}"

[tool.mar.deploy]
management = "http://127.0.0.1:{server.management_port}"
inference = "http://127.0.0.1:{server.inference_port}"
{key_file}

[[tool.mar.examples]]
input = {{}}
expect = {{ version = "{version}" }}
"""
WITH_VERSION = "{model-name}-{version}"
CLOSED = "while not Path({!r}).exists(): time.sleep(0.02)"
"""Code that goes on when a file is there."""
INTERRUPTED = 130


class Releases:
    """A project whose versions are built into the store of a server, and deployed to it."""

    def __init__(self, root: Path, model: str, server: TorchServe, run: Run) -> None:
        self.root = root
        self.model = model
        self.server = server
        self._run = run
        root.mkdir()

    def build(
        self,
        version: str,
        *,
        answer: str | None = None,
        initialize: str = "pass",
        handle: str = "time.sleep(0.1)",
        config: str = BATCHES,
        archive_name: str = WITH_VERSION,
        store: Path | None = None,
        key_file: bool = True,
    ) -> None:
        """Build a version whose code is this; it answers with another version if `answer` is given."""
        fields = {
            "model": self.model,
            "version": version,
            "archive_name": archive_name,
            "key_file": f'key-file = "{self.server.key_file}"' if key_file else "",
        }
        code = HANDLER.format(answer=answer or version, initialize=initialize, handle=handle)
        (self.root / "handler.py").write_text(code)
        (self.root / "model-config.yaml").write_text(config)
        (self.root / "pyproject.toml").write_text(PYPROJECT.format(server=self.server, **fields))
        self._command("build", "--output", store or self.server.model_store)

    def deploy(self, *options: str, status: int = 0, **variables: str) -> str:
        """Deploy the version that was built last; gives the output."""
        return self._command("deploy", *options, status=status, **variables)

    @contextmanager
    def deploying(self) -> Iterator[subprocess.Popen[str]]:
        """A deployment that is going on."""
        command = ("python", "-m", "hatch_mar", "deploy")
        with self._run.start(*command, cwd=self.root, PYTHONPATH=str(CHECKOUT)) as process:
            try:
                yield process
            finally:
                process.kill()

    def is_loading(self, version: str) -> bool:
        """Whether the version has a worker whose process runs, but which is not ready."""
        with suppress(TorchServeError):
            [described] = self.server.describe(self.model, version)
            return any(each["pid"] > 0 and each["status"] != "READY" for each in described["workers"])
        return False

    def pending(self, version: str) -> int:
        """The requests that wait for a worker."""
        [described] = self.server.describe(self.model, version)
        return int(described["jobQueueStatus"]["pendingRequests"])

    def versions(self) -> list[str]:
        """The versions that the server has, the default one first."""
        try:
            [default] = self.server.describe(self.model)
        except TorchServeError as error:
            if error.status == 404:
                return []
            raise
        found = [each["modelVersion"] for each in self.server.describe(self.model, "all")]
        return sorted(found, key=lambda version: version != default["modelVersion"])

    def requests_during(self, *options: str, status: int = 0) -> tuple[str, list[str]]:
        """The output of a deployment, and the requests that the server got in its time."""
        before = len(self.server.requests())
        output = self.deploy(*options, status=status)
        # the one by which the server's log was seen to be whole
        return output, self.server.requests()[before + 1 :]

    def _command(self, *arguments: str | Path, status: int = 0, **variables: str) -> str:
        command = ("python", "-m", "hatch_mar", *arguments)
        return self._run(*command, cwd=self.root, status=status, PYTHONPATH=str(CHECKOUT), **variables)


class Held(NamedTuple):
    """Requests that are not answered before `open` is called."""

    gate: Path
    answers: list[Future[bytes]]

    def open(self) -> list[str]:
        """The versions that answer them."""
        self.gate.touch()
        return [json.loads(answer.result(DEADLINE))["version"] for answer in self.answers]


@pytest.fixture(scope="module", autouse=True)
def needed() -> None:
    if reason := missing():
        without(reason)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    place = tmp_path_factory.mktemp("deploy")
    (place / "store").mkdir()
    allowed = r"allowed_urls=http://127\\.0\\.0\\.1:[0-9]+/.*"
    with TorchServe(place / "store", place, config=[allowed], token_auth=True) as server:
        yield server


@pytest.fixture
def releases(server: TorchServe, tmp_path: Path, run: Run) -> Iterator[Releases]:
    """A project with a model of its own, which the server does not have afterwards either."""
    releases = Releases(tmp_path / "project", tmp_path.name, server, run)
    yield releases
    for version in reversed(releases.versions()):
        server.unregister(releases.model, version)


def test_no_request_is_lost(releases: Releases, server: TorchServe) -> None:
    """1 → 2 → 3, which does not start → 4, which answers wrongly → 1: clients are always answered."""
    releases.build("1.0")
    releases.deploy()
    with Traffic(server, releases.model) as traffic:
        traffic.wait_for("1.0")

        releases.build("2.0")
        releases.deploy()
        traffic.wait_for("2.0")
        assert releases.versions() == ["2.0"]

        releases.build("3.0", initialize="raise ValueError('no weights')")
        output = releases.deploy(status=1)
        assert "logs/model_log.log" in output
        assert releases.versions() == ["2.0"]

        releases.build("4.0", answer="something else")
        output = releases.deploy(status=1)
        assert "something else" in output
        assert releases.versions() == ["2.0"]

        releases.build("1.0")
        releases.deploy()
        traffic.wait_for("1.0")
        assert releases.versions() == ["1.0"]

        assert traffic.settle() == []
        assert traffic.versions() == {"1.0", "2.0"}

    output, requests = releases.requests_during()
    assert "already the default" in output
    assert requests
    assert [each for each in requests if not each.startswith("GET ")] == []
    assert releases.versions() == ["1.0"]


def test_without_the_drain_requests_are_lost(
    releases: Releases, server: TorchServe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same deployment without the wait loses requests, or the test above would prove nothing."""
    releases.build("1.0")
    releases.deploy()
    releases.build("2.0")
    monkeypatch.setattr("hatch_mar.release.deployment.rollout.drain", lambda *_, **__: {})
    with Traffic(server, releases.model) as traffic:
        traffic.wait_for("1.0")
        assert main(["deploy", "--project", str(releases.root)]) == 0
        traffic.wait_for("2.0")
        assert releases.versions() == ["2.0"]
        assert traffic.settle() != []


def test_a_version_that_loads_disturbs_nobody(releases: Releases, server: TorchServe, tmp_path: Path) -> None:
    """Clients are answered while a worker loads its model, for however long."""
    loaded = tmp_path / "loaded"
    releases.build("1.0")
    releases.deploy()
    releases.build("2.0", initialize=CLOSED.format(str(loaded)))
    with Traffic(server, releases.model) as traffic, releases.deploying() as deployment:
        wait_until(lambda: releases.is_loading("2.0"), "2.0 loads")
        traffic.wait_for("1.0")
        assert traffic.settle() == []
        assert traffic.versions() == {"1.0"}
        loaded.touch()
        traffic.wait_for("2.0")
        assert deployment.wait(DEADLINE) == 0
        assert traffic.settle() == []
    assert releases.versions() == ["2.0"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_while_a_version_loads(
    releases: Releases, tmp_path: Path, number: signal.Signals
) -> None:
    """Nothing of it stays, and the old version still answers."""
    releases.build("1.0")
    releases.deploy()
    releases.build("2.0", initialize=CLOSED.format(str(tmp_path / "never")))
    with releases.deploying() as deployment:
        wait_until(lambda: releases.is_loading("2.0"), "2.0 loads")
        deployment.send_signal(number)
        output, _ = deployment.communicate(timeout=DEADLINE)
    assert deployment.returncode == 128 + number
    assert "2.0 is unregistered again; 1.0 is still the default" in output
    assert releases.versions() == ["1.0"]


@pytest.fixture
def held(releases: Releases, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Held]:
    """Requests that version 1.0 does not answer yet: its worker has taken one. Version 2.0 is built."""
    taken, opened = tmp_path / "taken", tmp_path / "opened"
    handle = f"Path({str(taken)!r}).touch()\n        {CLOSED.format(str(opened))}"
    releases.build("1.0", handle=handle, config="batchSize: 1\n")
    opened.touch()
    releases.deploy()
    for file in (taken, opened):
        file.unlink()
    releases.build("2.0")
    with ThreadPoolExecutor() as pool:
        held = Held(opened, [])
        try:
            for _ in range(request.param):
                held.answers.append(pool.submit(releases.server.predict, releases.model, b"{}"))
                wait_until(taken.exists, "the worker takes a request")
            wait_until(lambda: releases.pending("1.0") == request.param - 1, "the others wait")
            yield held
        finally:
            opened.touch()


def is_drained_from(releases: Releases) -> bool:
    """Whether 2.0 is the default, and somebody waits for the worker of 1.0: a user, or the deployment."""
    return releases.versions() == ["2.0", "1.0"] and releases.pending("1.0") == 1


@pytest.mark.parametrize("held", [1, 2], indirect=True, ids=["taken", "queued"])
def test_a_request_keeps_its_version(releases: Releases, held: Held) -> None:
    """However long the answer takes: TorchServe does not say that a worker has a request."""
    with releases.deploying() as deployment:
        wait_until(lambda: is_drained_from(releases), "2.0 is the default")
        assert deployment.poll() is None
        assert held.open() == ["1.0"] * len(held.answers)
        assert deployment.wait(DEADLINE) == 0
    assert releases.versions() == ["2.0"]


@pytest.mark.parametrize("held", [2], indirect=True, ids=["queued"])
def test_interrupted_while_requests_wait(releases: Releases, held: Held) -> None:
    """The new version stays the default; the old one is left to those who wait for it."""
    with releases.deploying() as deployment:
        wait_until(lambda: is_drained_from(releases), "2.0 is the default")
        deployment.send_signal(signal.SIGINT)
        output, _ = deployment.communicate(timeout=DEADLINE)
    assert deployment.returncode == INTERRUPTED
    assert "1.0 may still be registered" in output
    assert releases.versions() == ["2.0", "1.0"]
    assert held.open() == ["1.0", "1.0"]


def test_a_first_version_that_fails_leaves_nothing(releases: Releases) -> None:
    releases.build("1.0", answer="something else")
    releases.deploy(status=1)
    assert releases.versions() == []


def test_what_a_failed_registration_left_is_replaced(releases: Releases, server: TorchServe) -> None:
    """TorchServe keeps a version whose worker did not start, and would refuse it a second time."""
    releases.build("1.0", initialize="raise RuntimeError('no weights')")
    with pytest.raises(TorchServeError, match="Failed to start workers"):
        server.register(f"{releases.model}-1.0.mar")
    assert releases.versions() == ["1.0"]

    releases.build("1.0")
    releases.deploy()
    assert "already the default" in releases.deploy()


def test_back_to_a_version_that_was_kept(releases: Releases) -> None:
    """It is tried and made the default, but not loaded again."""
    for version in ("1.0", "2.0"):
        releases.build(version)
        releases.deploy("--keep", "1")
    assert releases.versions() == ["2.0", "1.0"]

    releases.build("1.0")
    _, requests = releases.requests_during("--keep", "1")
    assert releases.versions() == ["1.0", "2.0"]
    model = releases.model
    assert [each for each in requests if not each.startswith("GET ")] == [
        f"POST /predictions/{model}/1.0",
        f"PUT /models/{model}/1.0/set-default",
    ]


def test_dry_run(releases: Releases) -> None:
    releases.build("1.0")
    output, requests = releases.requests_during("--dry-run")
    assert "would be" in output
    assert requests
    assert {each.split()[0] for each in requests} == {"GET"}
    assert releases.versions() == []


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({}, "requires a key"),
        ({"management": "k3y-of-nobody"}, "refuses the key"),
        ({"management": "inference", "inference": "inference"}, "refuses the key"),
        ({"management": "management"}, "requires a key"),
        ({"management": "management", "inference": "management"}, "refuses the key"),
    ],
    ids=["none", "wrong", "other interface", "one", "other for inference"],
)
def test_keys(releases: Releases, server: TorchServe, variables: dict[str, str], fault: str) -> None:
    """Without the keys nothing is changed, and none is shown."""
    keys = {name: server.key(name) for name in ("management", "inference")}
    given = {name: keys.get(value, value) for name, value in variables.items()}
    releases.build("1.0", key_file=False)
    before = server.requests()
    output = releases.deploy(
        "--verbose",
        status=1,
        **{f"HATCH_MAR_{interface.upper()}_KEY": key for interface, key in given.items()},
    )
    assert fault in output
    assert [key for key in (*keys.values(), *given.values()) if key in output] == []
    sent = server.requests()[len(before) + 1 :]
    assert [each for each in sent if not each.startswith("GET ")] == []
    assert releases.versions() == []


def test_without_the_model_api(tmp_path: Path, run: Run) -> None:
    """A server registers nothing by default, which is said with the remedy."""
    store, work = tmp_path / "store", tmp_path / "w"
    store.mkdir()
    work.mkdir()
    with TorchServe(store, work, token_auth=True, model_api=False) as server:
        releases = Releases(tmp_path / "project", "digits", server, run)
        releases.build("1.0")
        assert "--enable-model-api" in releases.deploy(status=1)
        assert releases.versions() == []


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where the files of `tmp_path / "www"` are served."""
    (tmp_path / "www").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "www")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as store:
        thread = Thread(target=store.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{store.server_port}"
        finally:
            store.shutdown()
            thread.join()


def test_by_url(releases: Releases, server: TorchServe, tmp_path: Path, url: str) -> None:
    """A version that fails can be tried again under the same name, as its copy is removed with it."""
    www = tmp_path / "www"
    by_url = ("--url", f"{url}/{{file}}")
    releases.build("1.0", store=www)
    releases.deploy(*by_url)
    releases.build("2.0", store=www, initialize="raise ValueError('no weights')")
    releases.deploy(*by_url, status=1)
    assert releases.versions() == ["1.0"]
    releases.build("2.0", store=www)
    releases.deploy(*by_url)
    assert releases.versions() == ["2.0"]
    assert [path.name for path in server.model_store.glob(f"{releases.model}*")] == [
        f"{releases.model}-2.0.mar"
    ]


def test_by_url_without_the_version(releases: Releases, server: TorchServe, tmp_path: Path, url: str) -> None:
    """It is refused, since TorchServe does not fetch a second file of the same name."""
    www = tmp_path / "www"
    releases.build("1.0", store=www, archive_name="{model-name}")
    server.register(f"{url}/{releases.model}.mar")
    releases.build("2.0", store=www, archive_name="{model-name}")
    with pytest.raises(TorchServeError, match="Model file already exists"):
        server.register(f"{url}/{releases.model}.mar")

    output, requests = releases.requests_during("--url", f"{url}/{{file}}", status=1)
    assert "lacks the version 2.0" in output
    assert [each for each in requests if not each.startswith("GET ")] == []
    assert releases.versions() == ["1.0"]
