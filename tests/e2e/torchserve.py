"""A real TorchServe for tests: started on free ports, asked over HTTP, ended without a trace."""

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4

START_SECONDS = 60
REQUEST_SECONDS = 180

# `captum` and `pynvml` are imported by TorchServe's base handler, which does not declare them.
MODULES = ("ts", "torch", "captum", "pynvml", "yaml")


def missing() -> str | None:
    """What this machine lacks to run a TorchServe, in words; None if nothing."""
    java_home = os.environ.get("JAVA_HOME")
    if shutil.which(f"{java_home}/bin/java" if java_home else "java") is None:
        return "TorchServe needs `java`, which is not on the path"
    absent = [name for name in MODULES if importlib.util.find_spec(name) is None]
    return f"TorchServe needs the Python modules {', '.join(absent)}" if absent else None


ACCESS = re.compile(r'ACCESS_LOG - \S+ "(\S+ \S+) HTTP')
"""A request in the log."""


class TorchServeError(Exception):
    """TorchServe did not start or answered with an error; `status` is that of HTTP, if any."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@final
class TorchServe:
    """TorchServe over the archives of `model_store`, for the time of a `with` block.

    `work` takes everything the server writes. `models` are loaded at the start, as `--models`
    does: file names, or just `all`. `config` are further lines for `config.properties`. With
    `token_auth` it asks for the keys of its `key_file`, and with `model_api` it lets models be
    registered. With a `properties` of its own, the server starts with that file as it is, but for
    the addresses.
    """

    def __init__(
        self,
        model_store: Path,
        work: Path,
        *,
        models: Iterable[str] = (),
        config: Iterable[str] = (),
        properties: Path | None = None,
        token_auth: bool = False,
        model_api: bool = True,
    ) -> None:
        self.model_store = model_store.resolve()
        self.work = work.resolve()
        self.models = list(models)
        self.config = list(config)
        self.properties = properties
        self.token_auth = token_auth
        self.model_api = model_api
        self.key_file = self.work / "key_file.json"
        self._console = self.work / "console.log"
        # The server itself goes through no proxy, and neither must we on the way to it.
        self._opener = build_opener(ProxyHandler({}))

    def __enter__(self) -> "TorchServe":
        self._start()
        try:
            self._wait_until_healthy()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()

    def register(self, url: str, **options: str) -> str:
        """Load an archive of the model store, start a worker for it, and return the model's name.

        `options` are parameters of TorchServe's management API, such as `batch_size`.
        """
        query = {"url": url, "initial_workers": "1", "synchronous": "true", **options}
        answer = self._management("POST", f"/models?{urlencode(query)}")
        name = re.match(r'Model "([^"]+)"', answer["status"])
        if name is None:
            raise TorchServeError(f"unexpected answer to a registration: {answer}")
        return name[1]

    def unregister(self, model: str, version: str | None = None) -> None:
        self._management("DELETE", _path("models", model, version))

    def describe(self, model: str, version: str | None = None) -> list[dict[str, Any]]:
        """What TorchServe knows of a model, an element for each version asked for."""
        answer: list[dict[str, Any]] = self._management("GET", _path("models", model, version))
        return answer

    def wait_until_ready(self, model: str) -> None:
        """Return when TorchServe calls a worker of the model ready.

        It answers a synchronous registration a moment before it does: `setState` of
        WorkerThread.java tells its listener first, and keeps the state then.
        """
        deadline = time.monotonic() + START_SECONDS
        while (workers := self.describe(model)[0]["workers"])[0]["status"] != "READY":
            if time.monotonic() > deadline:
                raise TorchServeError(f"no worker ready: {workers}\n{self.log()}")
            time.sleep(0.1)

    def predict(
        self,
        model: str,
        data: bytes,
        content_type: str = "application/json",
        version: str | None = None,
    ) -> bytes:
        path = _path("predictions", model, version)
        return self._request(self.inference_port, "POST", path, data, content_type)

    def register_workflow(self, url: str) -> None:
        """Load a workflow archive of the model store, and start a worker for each of its nodes."""
        self._management("POST", f"/workflows?{urlencode({'url': url})}")

    def predict_workflow(self, workflow: str, data: bytes) -> bytes:
        path = _path("wfpredict", workflow, None)
        return self._request(self.inference_port, "POST", path, data, "application/json")

    def key(self, interface: str) -> str:
        """The key that `management` or `inference` asks for, if the server asks for keys."""
        return str(json.loads(self.key_file.read_text(encoding="utf-8"))[interface]["key"])

    def requests(self) -> list[str]:
        """All requests so far that the server has answered, each as `GET /ping`."""
        asked_last = f"/models/{uuid4()}"
        with suppress(TorchServeError):  # there is no such model
            self._management("GET", asked_last)
        deadline = time.monotonic() + REQUEST_SECONDS
        while f"GET {asked_last}" not in (found := ACCESS.findall(self.log())):
            if time.monotonic() > deadline:
                raise TorchServeError(f"the access log does not grow\n{self.log()}")
            time.sleep(0.01)
        return found[: found.index(f"GET {asked_last}")]

    def log(self) -> str:
        """All that the server and its workers have printed so far."""
        return self._console.read_text(encoding="utf-8", errors="replace")

    def _start(self) -> None:
        # With a temporary directory of its own the server finds neither the pid file nor the
        # sockets of another one. A socket's path has to fit into the 104 bytes of `sun_path`.
        temporary = self.work / "tmp"
        if len(os.fsencode(temporary / ".ts.sock.65535")) >= 104:
            raise ValueError(f"too long a path for TorchServe's sockets: {temporary}")
        temporary.mkdir(parents=True, exist_ok=True)

        self.inference_port, self.management_port, *others = _free_ports(5)
        addresses = {
            "inference_address": f"http://127.0.0.1:{self.inference_port}",
            "management_address": f"http://127.0.0.1:{self.management_port}",
            "metrics_address": f"http://127.0.0.1:{others[0]}",
            "grpc_inference_port": str(others[1]),
            "grpc_management_port": str(others[2]),
        }
        properties = self.properties or self._write_properties(addresses)
        command = [sys.executable, "-m", "ts.model_server", "--start", "--foreground", "--ncs"]
        if not self.properties:
            command += [] if self.token_auth else ["--disable-token-auth"]
            command += ["--enable-model-api"] if self.model_api else []
        command += ["--model-store", str(self.model_store), "--ts-config", str(properties)]
        command += ["--models", *self.models] if self.models else []

        # TS_... would overrule the configuration, PYTHONPATH what the archive itself contains.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name != "PYTHONPATH" and not name.startswith("TS_")
        }
        if self.properties:
            inherited |= {f"TS_{name.upper()}": value for name, value in addresses.items()}
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                command,
                cwd=self.work,
                env={**inherited, "TEMP": str(temporary), "TMPDIR": str(temporary)},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _write_properties(self, addresses: Mapping[str, str]) -> Path:
        path = self.work / "config.properties"
        lines = [f"{name}={value}" for name, value in addresses.items()]
        lines += ["default_workers_per_model=1", "disable_system_metrics=true", *self.config]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._has_died():
                raise TorchServeError(f"TorchServe ended while starting\n{self.log()}")
            try:
                self._request(self.inference_port, "GET", "/ping")
            except (TorchServeError, FileNotFoundError, ValueError):  # its keys are not there, or half
                time.sleep(0.1)
            else:
                return
        raise TorchServeError(f"TorchServe not healthy in {START_SECONDS} s\n{self.log()}")

    def _has_died(self) -> bool:
        # WNOWAIT: until it is waited for, its id, and so its group's, cannot become another's.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is not None

    def _end(self) -> None:
        # Killed, not asked: nothing of it is kept, and its workers go with it for certain.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _management(self, method: str, path: str) -> Any:
        return json.loads(self._request(self.management_port, method, path))

    def _request(
        self,
        port: int,
        method: str,
        path: str,
        data: bytes | None = None,
        content_type: str | None = None,
    ) -> bytes:
        # Only a body has a type: told of JSON, TorchServe looks for the parameters there.
        headers = {"Content-Type": content_type} if content_type else {}
        if self.token_auth:
            interface = "inference" if port == self.inference_port else "management"
            headers["Authorization"] = f"Bearer {self.key(interface)}"
        request = Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                body: bytes = response.read()
        except HTTPError as error:
            raise TorchServeError(_message(error.read()), error.code) from None
        except OSError as error:
            raise TorchServeError(f"no answer to {method} {path}: {error}") from error
        return body


def _path(collection: str, model: str, version: str | None) -> str:
    return "/" + "/".join(quote(part, safe="") for part in (collection, model, version) if part)


def _message(body: bytes) -> str:
    """The sentence in TorchServe's answer to a failed request, or all of it if it has none."""
    try:
        return str(json.loads(body)["message"])
    except (KeyError, TypeError, ValueError):
        return body.decode("utf-8", errors="replace")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
