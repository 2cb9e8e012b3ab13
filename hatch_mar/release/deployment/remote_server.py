"""A running TorchServe: what it says about a model, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, NamedTuple

from hatch_mar.errors import ReleaseError
from hatch_mar.release.deployment.authorization import Key
from hatch_mar.release.deployment.explanation import explain_refusal, explain_silence, kind_of
from hatch_mar.release.deployment.pace import PERIOD
from hatch_mar.torchserve.answer import Answer
from hatch_mar.torchserve.client import Api, Inference, Interface, Management, message_of

MOST_SECONDS = 30.0
"""The most seconds to wait for an answer that needs no worker, however long a step may take."""

DONE = (200, 202)
NOT_FOUND = ("ModelNotFoundException", "ModelVersionNotFoundException")


class RefusedError(ReleaseError):
    """The server answered with an error."""

    def __init__(self, sentence: str, kind: str, message: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        """The class of TorchServe's exception; empty if it is not TorchServe that answered."""
        self.message = message


class SilentError(ReleaseError):
    """There was no answer, so the request may or may not have been carried out."""


class Worker(NamedTuple):
    number: str
    status: str
    """`READY`, or `UNLOADING` while it starts, also if it starts again because it has died."""
    process: int
    """Its process ID; -1 if it has none yet."""


class ModelVersion(NamedTuple):
    """What the server says of a version of a model."""

    version: str
    workers: tuple[Worker, ...] = ()
    started: str = ""
    """When its latest worker was started."""
    pending: int = 0
    """Requests that wait for a worker, without those that a worker has taken."""
    batch_delay: float = 0.0
    """Seconds for which a worker may wait for more requests after it has taken one."""
    url: str = ""
    """The file or URL from which it was registered."""

    @property
    def is_ready(self) -> bool:
        return bool(self.workers) and all(worker.status == "READY" for worker in self.workers)

    @property
    def answers(self) -> bool:
        return any(worker.status == "READY" for worker in self.workers)

    @classmethod
    def of(cls, told: Any) -> ModelVersion:
        workers = told["workers"]
        return cls(
            str(told["modelVersion"]),
            tuple(
                Worker(str(worker["id"]), str(worker["status"]), int(worker.get("pid", -1)))
                for worker in workers
            ),
            max((str(worker.get("startTime", "")) for worker in workers), default=""),
            int((told.get("jobQueueStatus") or {}).get("pendingRequests", 0)),
            float(told.get("maxBatchDelay", 0)) / 1000,
            str(told.get("modelUrl", "")),
        )


@dataclass(frozen=True)
class RemoteServer:
    """Its methods raise a RefusedError or a SilentError, whose sentence says what to do."""

    management: Management
    inference: Inference
    timeout: float
    """The most seconds to wait for an answer that needs a worker."""
    keys: Mapping[Api, Key]
    """Where the keys of the interfaces come from."""

    @property
    def patience(self) -> float:
        return min(self.timeout, MOST_SECONDS)

    def describe(self, model: str, version: str = "all") -> dict[str, ModelVersion]:
        """The versions of a model; none if the server does not know it."""
        return {each.version: each for each in self.look_up(model, version)}

    def find_default(self, model: str) -> str | None:
        """The version that answers requests without one; None if the server does not know the model."""
        return next((each.version for each in self.look_up(model, None)), None)

    def look_up(self, model: str, version: str | None) -> list[ModelVersion]:
        try:
            answer = self.manage(self.management.describe, model, self.patience, version)
        except RefusedError as error:
            if error.kind in NOT_FOUND:
                return []
            raise
        with suppress(LookupError, TypeError, ValueError, AttributeError):
            if found := [ModelVersion.of(told) for told in answer.value]:
                return found
        raise self.refuse(answer, self.management)

    def check_inference(self) -> None:
        """Find out whether the inference API answers, and accepts the key."""
        answer = self.ask(self.inference, self.inference.ping, self.patience)
        # it is unhealthy, with an error's status, while any of its models lacks a worker
        if not status_of(answer):
            raise self.refuse(answer, self.inference)

    def register(self, model: str, url: str, workers: int) -> None:
        """Register an archive under the name of a model, whatever its own is. Its workers start afterwards.

        If TorchServe is asked to wait for them, it blocks an event loop, and with it about every fourth
        client, of any model.
        """
        options = {"model_name": model, "initial_workers": workers, "synchronous": "false"}
        self.manage(self.management.register, url, self.timeout, **options)

    def set_default(self, model: str, version: str) -> None:
        self.manage(self.management.set_default, model, version, self.patience)

    def unregister(self, model: str, version: str) -> bool:
        """Have a version removed; gives whether the server had it."""
        try:
            self.manage(self.management.unregister, model, self.timeout, version)
        except RefusedError as error:
            if error.kind not in NOT_FOUND:
                raise
            return False
        return True

    def predict(self, model: str, version: str, data: bytes, content_type: str) -> Answer | None:
        """The answer of a version, also if it is an error.

        None if somebody else unregisters the version meanwhile, after which it may never answer.
        """
        what = (model, data, content_type, self.timeout, version)
        answer = start(partial(self.ask, self.inference, self.inference.predict, *what))
        while not wait([answer], PERIOD).done:
            if version not in self.describe(model, version):
                return None
        return answer.result()

    def manage(self, send: Callable[..., Answer], *what: object, **options: object) -> Answer:
        answer = self.ask(self.management, send, *what, **options)
        if answer.status not in DONE:
            raise self.refuse(answer, self.management)
        return answer

    @staticmethod
    def ask(interface: Interface, send: Callable[..., Answer], *what: object, **options: object) -> Answer:
        try:
            return send(*what, **options)
        except OSError as error:
            raise SilentError(explain_silence(error, interface)) from None

    def refuse(self, answer: Answer, interface: Interface) -> RefusedError:
        sentence = explain_refusal(answer, interface, self.keys.get(interface.api, Key()))
        return RefusedError(sentence, kind_of(answer) or "", message_of(answer))


def start(task: Callable[[], Answer]) -> Future[Answer]:
    """Do something in a thread, which the end of this process does not wait for."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(task())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def status_of(answer: Answer) -> str:
    """The status in TorchServe's answer; empty if it has none."""
    return str(answer.value.get("status", "")) if isinstance(answer.value, dict) else ""
