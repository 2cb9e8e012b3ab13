"""A TorchServe that only pretends, on loopback: its answers are those of TorchServe 0.12.

tests/e2e/test_fake_torchserve.py compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hatch_mar.release.deployment.pace import Pace
from hatch_mar.release.deployment.remote_server import RemoteServer
from hatch_mar.torchserve.client import Inference, Management

Reply = tuple[int, Any]


def refusal(status: int, kind: str, message: str) -> Reply:
    return status, {"code": status, "type": f"{kind}Exception", "message": message}


INVALID_KEY = refusal(
    400,
    "InvalidKey",
    "Token Authorization failed. Token either incorrect, expired, or not provided correctly",
)
API_OFF = refusal(405, "MethodNotAllowed", "Requested method is not allowed, please refer to API document.")


@dataclass
class Version:
    workers: list[str] = field(default_factory=lambda: ["READY"])
    pending: list[int] = field(default_factory=list)
    """What the coming descriptions say; the last one stays."""
    started: str = ""
    processes: list[int] = field(default_factory=lambda: [100])
    """The process of each worker, as `pending`."""
    batch_delay: int = 100
    """Milliseconds."""
    url: str = ""

    def describe(self, version: str) -> dict[str, Any]:
        pending = self.pending.pop(0) if len(self.pending) > 1 else next(iter(self.pending), 0)
        if len(self.processes) > 1:
            self.processes.pop(0)
        return {
            "modelVersion": version,
            "modelUrl": self.url,
            "maxBatchDelay": self.batch_delay,
            "workers": [
                {
                    "id": f"{9000 + number}",
                    "status": status,
                    "startTime": self.started,
                    "pid": self.processes[0],
                }
                for number, status in enumerate(self.workers)
            ],
            "jobQueueStatus": {"remainingCapacity": 100, "pendingRequests": pending},
        }


@dataclass
class Stored:
    """An archive in the model store, and how it behaves."""

    name: str = "digits"
    version: str = "2.0"
    breaks: bool = False
    """Whether its workers die while they start, again and again."""


class HangUp(Exception):
    """The connection breaks off instead of an answer."""


def hang_up() -> Reply:
    raise HangUp


@dataclass
class FakeTorchServe:
    store: dict[str, Stored] = field(default_factory=dict)
    models: dict[str, dict[str, Version]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Callable[[], Reply | None]] = field(default_factory=dict)
    """For requests whose line matches: what is done instead of an answer, or before it if that is None."""
    calls: list[str] = field(default_factory=list)
    """All requests, as `POST /models?url=…`."""
    url: str = ""

    @property
    def changes(self) -> list[str]:
        """The requests that are not GETs."""
        return [call for call in self.calls if not call.startswith("GET")]

    def add(self, *versions: str, name: str = "digits", **settings: Any) -> None:
        """Have versions registered, the first of which is the default."""
        for version in versions:
            self.models.setdefault(name, {})[version] = Version(**settings)
            self.defaults.setdefault(name, version)

    def remove(self, version: str, name: str = "digits") -> None:
        """Have somebody else unregister a version."""
        self.models[name].pop(version, None)

    def remote(self) -> RemoteServer:
        return RemoteServer(Management(self.url), Inference(self.url), 10, {})

    def answer(self, method: str, path: str, key: str | None) -> Reply:
        self.calls.append(f"{method} {path}")
        for pattern, override in self.overrides.items():
            if re.search(pattern, f"{method} {path}") and (reply := override()):
                return reply
        parts = urlsplit(path)
        kind, *rest = [unquote(part) for part in parts.path.strip("/").split("/")]
        api = "inference" if kind in ("ping", "predictions") else "management"
        if self.keys and key != f"Bearer {self.keys[api]}":
            return INVALID_KEY
        if kind == "ping":
            return 200, {"status": "Healthy"}
        if kind == "models" and method == "POST":
            return self.register(parse_qs(parts.query))
        model, version = rest[0], rest[1] if len(rest) > 1 else self.defaults.get(rest[0], "")
        if model not in self.models:
            return refusal(404, "ModelNotFound", f"Model not found: {model}")
        versions = self.models[model]
        if version == "all":
            return 200, [each.describe(number) for number, each in versions.items()]
        if version not in versions:
            words = ("version", "model") if method == "PUT" else ("version:", "model:")
            message = f"Model {words[0]} {version} does not exist for {words[1]} {model}"
            return refusal(404, "ModelVersionNotFound", message)
        if kind == "predictions":
            return 200, {"version": version}
        if method == "GET":
            return 200, [versions[version].describe(version)]
        if method == "PUT":
            self.defaults[model] = version
            return 200, {"status": f'Default version successfully updated for model "{model}" to "{version}"'}
        return self.unregister(model, version)

    def register(self, query: dict[str, list[str]]) -> Reply:
        [url], [workers] = query["url"], query["initial_workers"]
        found = self.store.get(url)
        if found is None:
            return refusal(404, "ModelNotFound", f"Model not found at: {url}")
        [name] = query.get("model_name", [found.name])
        if found.version in self.models.get(name, {}):
            return refusal(
                409, "ConflictStatus", f"Model version {found.version} is already registered for model {name}"
            )
        state = "UNLOADING" if found.breaks else "READY"
        self.add(found.version, name=name, workers=[state] * int(workers), url=url)
        if found.breaks:
            self.models[name][found.version].processes = [-1, -1, 100, 100, 101]
        return 202, {"status": "Processing worker updates..."}

    def unregister(self, model: str, version: str) -> Reply:
        if self.defaults[model] == version and len(self.models[model]) > 1:
            return refusal(403, "InvalidModelVersion", f"Cannot remove default version for model {model}")
        del self.models[model][version]
        if not self.models[model]:
            del self.models[model], self.defaults[model]
        return 200, {"status": f'Model "{model}" unregistered'}


@contextmanager
def serve(fake: FakeTorchServe) -> Iterator[FakeTorchServe]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            try:
                status, body = fake.answer(self.command, self.path, self.headers["Authorization"])
            except HangUp:
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - names of http.server

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        fake.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            http.shutdown()
            thread.join()


@dataclass
class FakeClock:
    """A clock that only goes on while somebody sleeps."""

    time: float = 0.0

    @property
    def pace(self) -> Pace:
        return Pace(lambda: self.time, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.time += seconds
