"""Takes back a version that a deployment has registered before it failed."""

from __future__ import annotations

from hatch_mar.errors import ReleaseError
from hatch_mar.output import log
from hatch_mar.release.deployment.pace import Pace
from hatch_mar.release.deployment.remote_server import NOT_FOUND, RefusedError, RemoteServer, SilentError

APPEARANCE = 5.0
"""Seconds in which a version is looked for whose registration was not waited for."""


def withdraw(
    server: RemoteServer, model: str, version: str, error: BaseException, *, replacing: str | None, pace: Pace
) -> None:
    """Unregister a version after an error, unless it has become the default; says how that went.

    Args:
        server: has the version, or will have it in a moment.
        model: the name.
        version: what to unregister.
        error: what has happened, which may be that the deployment was interrupted.
        replacing: the default version before; None if there was none.
        pace: the clock.
    """
    label = f"{model} {version}"
    still = f"; {replacing} is still the default" if replacing else ""
    unknown = isinstance(error, SilentError) or not isinstance(error, ReleaseError)
    try:
        if replacing and server.find_default(model) == version:
            log(f"{label} is the default already, and stays so; old versions are still registered")
            return
        if unknown:
            pace.wait_until(lambda: version in server.describe(model, version), APPEARANCE)
        server.unregister(model, version)
    except RefusedError as refused:
        if refused.kind not in NOT_FOUND:
            log(f"Warning: {label} could not be unregistered: {refused}")
        elif unknown:
            log(f"Warning: the server may still register {label}; the next deployment finds it there")
        else:
            log(f"{label} is not registered{still}")
    except ReleaseError as silent:
        log(f"Warning: {label} may still be registered: {silent}")
    else:
        log(f"{label} is unregistered again{still}")
