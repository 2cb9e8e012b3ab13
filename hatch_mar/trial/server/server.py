"""A TorchServe on loopback, for the time of a `with` block."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from hatch_mar.archive.filesystem.folder import open_folder
from hatch_mar.errors import TrialError
from hatch_mar.torchserve.client import Inference, Management
from hatch_mar.trial.environment import inherit
from hatch_mar.trial.process import START_SECONDS, Process, TimedOutError

KEYS = "key_file.json"
MOST_BYTES = 64 * 1024
"""Of the file of the keys, which has some hundred."""
TOKEN_MINUTES = 24 * 60
"""Longer than any trial."""
ATTEMPTS = 3
"""Another process may take a port before the server does."""

MODULES = {"ts": "torchserve", "torch": "torch", "psutil": "psutil", "yaml": "pyyaml"}
"""What the server and its workers need to start, and the packages to install for it."""


def find_missing() -> str | None:
    """What a TorchServe needs and this machine lacks, and what to do; None if nothing is missing."""
    java_home = os.environ.get("JAVA_HOME")
    if shutil.which(f"{java_home}/bin/java" if java_home else "java") is None:
        return "`--serve` needs Java: install Java 17, and put `java` on the PATH or set JAVA_HOME"
    absent = [MODULES[name] for name in MODULES if importlib.util.find_spec(name) is None]
    if absent:
        return f"`--serve` needs packages that are not installed: pip install {' '.join(absent)}"
    return None


@dataclass
class Server:
    """A TorchServe with its own ports, directories and log, and no model registered."""

    place: Path
    """For its files, with a directory `tmp`."""
    store: Path
    properties: Mapping[str, str]
    stop: Event
    timeout: float | None
    environ: tuple[str, ...] = ()
    """Variables that the archive's code sees besides those of `environment.py`."""
    ready_seconds: float = 0.0

    def __enter__(self) -> Server:
        for attempt in range(1, ATTEMPTS + 1):
            self.start(attempt)
            try:
                if self.wait_until_healthy():
                    return self
            except BaseException:
                self.process.end()
                raise
            self.process.end()
            if "BindException" not in self.log() and "already in use" not in self.log():
                break
        lines = [line.strip() for line in self.log().splitlines() if line.strip()] or ["it printed nothing"]
        reason = next((line for line in lines if "Exception" in line or "Error" in line), lines[-1])
        raise TrialError(f"TorchServe ended while it was starting: {reason}")

    def __exit__(self, *_: object) -> None:
        self.process.end()

    def start(self, attempt: int) -> None:
        *http, grpc_inference, grpc_management = free_ports(5)
        inference, management, metrics = (f"http://127.0.0.1:{port}" for port in http)
        self.inference = Inference(inference, partial(self.key, "inference"))
        self.management = Management(management, partial(self.key, "management"))
        properties = {
            "inference_address": inference,
            "management_address": management,
            "metrics_address": metrics,
            "grpc_inference_port": grpc_inference,
            "grpc_management_port": grpc_management,
            "default_workers_per_model": 1,
            "disable_system_metrics": "true",
            "token_expiration_min": TOKEN_MINUTES,
            **self.properties,
        }
        config = self.place / "config.properties"
        config.write_text("".join(f"{key}={value}\n" for key, value in properties.items()), encoding="utf-8")
        command = [sys.executable, "-m", "ts.model_server", "--start", "--foreground", "--ncs"]
        command += ["--enable-model-api"]  # or it answers a registration with 405
        command += ["--model-store", str(self.store), "--ts-config", str(config)]
        temporary = dict.fromkeys(("TEMP", "TMP", "TMPDIR"), str(self.place / "tmp"))
        self.process = Process(
            command,
            directory=self.place,
            # without TS_..., which would override the configuration
            environ={**inherit(self.environ), **temporary},
            log=self.place / f"server-{attempt}.log",
            stop=self.stop,
        )
        self.process.__enter__()

    def wait_until_healthy(self) -> bool:
        began = time.monotonic()
        limit = max(self.timeout or 0, START_SECONDS)
        try:
            self.process.wait(limit, self.is_healthy)
        except TimedOutError:
            message = f"TorchServe was not ready after {limit:g} s; give it longer with `--timeout`"
            raise TrialError(message) from None
        self.ready_seconds = time.monotonic() - began
        return self.process.status is None

    def is_healthy(self) -> bool:
        try:
            return self.inference.ping(5).status == 200
        except OSError:
            return False

    def key(self, interface: str) -> str:
        """The key for an interface, which the server writes down before it listens.

        pytorch/serve, frontend/server/…/util/TokenAuthorization.java.
        """
        try:
            # the archive's code can put anything in its place
            with open_folder(self.place, self.place) as folder:
                return str(json.loads(folder.read(KEYS, MOST_BYTES))[interface]["key"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return ""

    def log(self) -> str:
        return self.process.output()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
