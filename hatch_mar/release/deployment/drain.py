"""Waits until a version that is about to be removed has answered all its requests."""

from __future__ import annotations

from collections.abc import Collection

from hatch_mar.release.deployment.pace import Pace
from hatch_mar.release.deployment.remote_server import RemoteServer
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
    """Wait until the versions' queues have been empty for some seconds.

    TorchServe counts the requests in a version's queue, but not those that a worker has taken, and answers
    neither once the version is unregistered. So a request that has just left the queue gets `seconds` to be
    answered, plus the time for which the worker collects a batch. Then each version is sent one more
    request: a single worker answers it only after all others, however long they take.

    Args:
        server: the server.
        model: the model's name.
        versions: the versions, which get no new requests.
        seconds: how long an answer may take.
        limit: seconds after which this gives up.
        probe: the request that is sent last; its answer does not matter.
        pace: the clock.

    Returns:
        The versions that are still busy, each with the number of requests that wait for it.
    """
    began = pace.now()
    busy = dict.fromkeys(versions, 0)
    last_seen = dict.fromkeys(versions, began)
    answering: set[str] = set()

    def look() -> bool:
        described, now = server.describe(model), pace.now()
        for version in [*busy]:
            found = described.get(version)
            if found is None or not found.workers:  # nothing can answer
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
            server.predict(model, version, probe.data, probe.content_type)
    return busy
