"""Waits until nobody is waiting for an answer of a version that is about to be removed."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, wait
from functools import partial
from threading import Thread

from hatch_mar.release.deployment.pace import PERIOD, Pace
from hatch_mar.release.deployment.remote_server import RemoteServer
from hatch_mar.torchserve.answer import Answer
from hatch_mar.trial.examples.request import Request


def drain(
    server: RemoteServer,
    model: str,
    versions: Collection[str],
    *,
    seconds: float,
    limit: float,
    probe: Request | None,
    pace: Pace,
) -> dict[str, int]:
    """Wait until no request has been waiting for the versions for some seconds.

    TorchServe counts the requests in a version's queue, but not those that a worker has taken, and a version
    that is unregistered answers neither. So a request that has just left the queue gets `seconds`, and the
    time for which the worker collects a batch, to be answered. Then the version is sent one more request: a
    single worker answers it only when it has answered all others, however long they take.

    Args:
        server: has the versions.
        model: the name.
        versions: they get no new requests.
        seconds: what an answer may take.
        limit: seconds after which this gives up.
        probe: the request that is sent then; its answer does not matter.
        pace: the clock.

    Returns:
        The requests that still wait for each version which has not been quiet for so long.
    """
    began = pace.now()
    busy = dict.fromkeys(versions, 0)
    last_seen = dict.fromkeys(versions, began)
    answering: set[str] = set()

    def look() -> bool:
        described, now = server.describe(model), pace.now()
        for version in [*busy]:
            found = described.get(version)
            if found is None or not found.workers:  # which has nobody to answer
                del busy[version]
                continue
            if found.answers:
                answering.add(version)
            busy[version] = found.pending
            if found.pending:
                last_seen[version] = now
            elif now - last_seen[version] >= seconds + found.batch_delay:
                del busy[version]
        return not busy

    pace.wait_until(look, limit)
    for version in versions:
        if probe and version in answering - busy.keys():
            answer = start_request(server, model, version, probe)
            if not pace.wait_until(partial(is_over, answer, server, model, version), limit):
                busy[version] = 1
    return busy


def start_request(server: RemoteServer, model: str, version: str, request: Request) -> Future[Answer]:
    answer: Future[Answer] = Future()

    def ask() -> None:
        try:
            answer.set_result(server.predict(model, version, request.data, request.content_type))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer


def is_over(answer: Future[Answer], server: RemoteServer, model: str, version: str) -> bool:
    """Whether there is an answer, or never will be, as somebody else has unregistered the version."""
    if wait([answer], PERIOD).done:
        answer.result()
        return True
    return version not in server.describe(model, version)
