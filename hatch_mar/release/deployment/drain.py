"""Waits until nobody is waiting for an answer of a version that is about to be removed."""

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
            server.predict(model, version, probe.data, probe.content_type)
    return busy
