"""Unregisters the version that a failed deployment has registered."""

from __future__ import annotations

from hatch_mar.errors import ReleaseError
from hatch_mar.output import log
from hatch_mar.release.deployment.pace import Pace
from hatch_mar.release.deployment.remote_server import RemoteServer, SilentError

APPEARANCE = 5.0
"""Seconds to wait for a version to appear if nobody knows whether it was registered."""


def withdraw(
    server: RemoteServer, model: str, version: str, error: BaseException, *, replacing: str | None, pace: Pace
) -> str:
    """Unregister a version after an error, unless it has become the default; says how that went.

    Args:
        server: has the version, or will have it in a moment.
        model: the name.
        version: what to unregister.
        error: why the deployment ends, which may be an interruption.
        replacing: the previous default version; None if there was none.
        pace: the clock.
    """
    label = f"{model} {version}"
    unknown = isinstance(error, SilentError) or not isinstance(error, ReleaseError)
    try:
        default = server.find_default(model)
        if replacing and default == version:
            return f"{label} is already the default, and stays so; old versions are still registered"
        if unknown:
            pace.wait_until(lambda: version in server.describe(model, version), APPEARANCE)
        was_there = server.unregister(model, version)
    except ReleaseError as failure:
        reason = f": {failure}" if str(failure) != str(error) else ""
        return f"Warning: {label} could not be unregistered{reason}"
    except BaseException:  # such as a second Ctrl-C
        log(f"Warning: {label} may still be registered; the next deployment takes care of it")
        raise
    if unknown and not was_there:
        return f"Warning: the server may still register {label}; the next deployment takes care of it"
    done = "is unregistered again" if was_there else "is not registered"
    still = "still " if default == replacing else ""
    return f"{label} {done}{f'; {default} is {still}the default' if replacing else ''}"
