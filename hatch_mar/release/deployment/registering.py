"""Has a server register an archive, and makes sure that it is the right one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.release.deployment.registered_name import hide_query, show_registered
from hatch_mar.release.deployment.remote_server import RefusedError, RemoteServer
from hatch_mar.text import count_of, quote_each

MISSING = "Model not found at: "
TAKEN = re.compile(r"Model version (?P<version>.*) is already registered for model (?P<name>.*)")
BROKEN = re.compile(r"Failed to start workers for model (?P<name>.*) version: (?P<version>\S*)")
"""Why TorchServe does not register a file (ModelArchive.java, ModelManager.java, ApiUtils.java)."""


class NothingRegisteredError(ReleaseError):
    """The server has registered nothing that would have to be unregistered."""


def register(
    server: RemoteServer,
    config: ArchiveConfig,
    names: Sequence[str],
    workers: int,
    tell: Callable[[str], object],
) -> str:
    """Register the first of some names that the server finds; gives that name.

    Raises:
        NothingRegisteredError: it finds none of them, or another version.
        ReleaseError: the version may have been registered, but not as it should.
    """
    label = f"{config.model_name} {config.version}"
    for name in names:
        tell(f"{label}: registering `{show_registered(name)}` with {count_of(workers, 'worker')}")
        try:
            found = server.register(name, workers)
        except RefusedError as error:
            if error.message.startswith(MISSING):
                continue
            if taken := TAKEN.search(error.message):
                raise explain_conflict(label, taken, name, names) from None
            if (broken := BROKEN.search(error.message)) and name_of(broken) != label:
                server.unregister(broken["name"], broken["version"])
                raise explain_mistake(label, name_of(broken), name, names) from None
            reason = (
                "; the reason is in the server's `logs/model_log.log`, and `hatch-mar try"
                f" {config.model_name}` shows it here"
            )
            raise ReleaseError(f"{hide_query(str(error), name)}{reason if broken else ''}") from None
        if found != (config.model_name, config.version):
            server.unregister(*found)
            raise explain_mistake(label, " ".join(found), name, names)
        return name
    files = " or ".join(f"`{show_registered(name)}`" for name in names)
    raise NothingRegisteredError(
        f"The server's model store has no {files}; publish {label} there first, or set `url`"
    )


def name_of(told: re.Match[str]) -> str:
    return f"{told['name']} {told['version']}"


def explain_conflict(
    label: str, taken: re.Match[str], name: str, names: Sequence[str]
) -> NothingRegisteredError:
    if name_of(taken) != label:
        return explain_mistake(label, name_of(taken), name, names)
    return NothingRegisteredError(
        f"Somebody else has just registered {label}; run this again when that deployment has ended"
    )


def explain_mistake(label: str, found: str, name: str, names: Sequence[str]) -> NothingRegisteredError:
    """The error if a name of the server's model store is that of another version."""
    others = [other for other in names if other != name]
    lacking = f", and there is no {quote_each(others)}" if others else ""
    return NothingRegisteredError(
        f"`{show_registered(name)}` on the server is {found} instead of {label}{lacking}; publish {label}"
        " there first"
    )
