"""Clients that ask a model all the time, and notice every request that is lost."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Condition, Event, Thread
from typing import final

from tests.e2e.torchserve import TorchServe
from tests.e2e.waiting import DEADLINE

CLIENTS = 2
PAUSE = 0.04
"""Seconds between two requests of a client: both send 50 a second in all."""
OVERTAKEN = 100
"""TorchServe answers in the order of the requests, but for those that share its few batches: if so
many later requests have been answered, an earlier one never will be."""


@dataclass(eq=False)
class Sent:
    """A request, and what became of it."""

    connection: HTTPConnection
    outcome: str | None = None
    """The version that answered, or what went wrong; None as long as there is no answer."""
    failed: bool = False


@final
class Traffic:
    """Two clients that send requests to a model's default version, for the time of a `with` block.

    A client does not wait for an answer before its next request, as users do not wait for each other.
    The model has to answer with `{"version": ...}`.
    """

    def __init__(self, server: TorchServe, model: str) -> None:
        self._server = server
        self._path = f"/predictions/{model}"
        self._key = server.key("inference")
        self._sent: list[Sent] = []
        self._changed = Condition()
        self._stop = Event()
        self._lost: set[Sent] = set()
        self._clients = [Thread(target=self._send_all) for _ in range(CLIENTS)]
        self._senders: list[Thread] = []

    def __enter__(self) -> Traffic:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()
        try:
            with self._changed:
                self._wait(lambda: all(sent.outcome or sent in self._lost for sent in self._sent))
        finally:
            for sent in self._sent:
                # ends the wait for an answer that never comes
                if sent.outcome is None and (connected := sent.connection.sock):
                    with suppress(OSError):
                        connected.shutdown(socket.SHUT_RDWR)
            for sender in self._senders:
                sender.join()

    def wait_for(self, version: str) -> None:
        """Return when this version answers the clients: a request sent from now on has its answer."""
        with self._changed:
            count = len(self._sent)
            self._wait(lambda: any(sent.outcome == version for sent in self._sent[count:]))

    def settle(self) -> list[str]:
        """What went wrong with each request up to now that failed, or that will never be answered."""
        with self._changed:
            count = len(self._sent)
            self._wait(
                lambda: (
                    all(sent.outcome for sent in self._sent[:count])
                    or sum(1 for sent in self._sent[count:] if sent.outcome) >= OVERTAKEN
                )
            )
            self._lost |= {sent for sent in self._sent[:count] if sent.outcome is None}
            failed = [sent for sent in self._sent[:count] if sent.failed or sent in self._lost]
            return [sent.outcome or "no answer" for sent in failed]

    def versions(self) -> set[str]:
        """The versions that have answered."""
        with self._changed:
            return {sent.outcome for sent in self._sent if sent.outcome and not sent.failed}

    def _wait(self, happened: Callable[[], bool]) -> None:
        if not self._changed.wait_for(happened, DEADLINE):
            outcomes = [sent.outcome for sent in self._sent[-20:]]
            raise AssertionError(f"the last of {len(self._sent)} requests: {outcomes}")

    def _send_all(self) -> None:
        while not self._stop.wait(PAUSE):
            connection = HTTPConnection("127.0.0.1", self._server.inference_port, timeout=DEADLINE)
            sent = Sent(connection)
            sender = Thread(target=self._send, args=(sent,))
            with self._changed:
                self._sent.append(sent)
                self._senders.append(sender)
            sender.start()

    def _send(self, sent: Sent) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            sent.connection.request("POST", self._path, b"{}", headers)
            answer = sent.connection.getresponse()
            body = answer.read().decode()
            if answer.status == 200:
                outcome, failed = str(json.loads(body)["version"]), False
            else:
                outcome, failed = f"{answer.status} {' '.join(body.split())}", True
        except OSError as error:
            outcome, failed = repr(error), True
        finally:
            sent.connection.close()
        with self._changed:
            sent.outcome, sent.failed = outcome, failed
            self._changed.notify_all()
