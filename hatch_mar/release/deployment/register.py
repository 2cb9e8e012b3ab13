"""Registers an archive with a server, and makes sure that the server has the right version."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.release.deployment.remote_server import RefusedError, RemoteServer
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.text import quote_each

MISSING = "Model not found at: "
TAKEN = re.compile(r"Model version (?P<version>.*) is already registered for model ")
"""Why TorchServe does not register a file (ModelArchive.java, ModelManager.java)."""

UNCERTAIN = ("", "InternalServerException")
"""The errors after which something may have been registered: those of a proxy, and of the server itself."""


class NothingRegisteredError(ReleaseError):
    """The server has registered nothing, so there is nothing to unregister."""


def register(
    server: RemoteServer,
    config: ArchiveConfig,
    names: Sequence[str],
    workers: int,
    tell: Callable[[str], object],
) -> str:
    """Register the first of some names that the server finds; gives that name.

    Raises:
        NothingRegisteredError: the server finds none of them, or another version.
        ReleaseError: the server failed, but may have registered the version.
    """
    model, label = config.model_name, f"{config.model_name} {config.version}"
    for number, name in enumerate(names):
        because = f", since there is no {quote_each(names[:number])}" if number else ""
        tell(f"{label}: registering `{hide_secrets(name)}`{because}")
        before = server.describe(model)
        try:
            server.register(model, name, workers)
        except RefusedError as error:
            if error.message.startswith(MISSING):
                continue
            taken = TAKEN.match(error.message)
            if taken and taken["version"] == config.version:
                raise NothingRegisteredError(
                    f"Somebody else has just registered {label}; try again when that deployment is over"
                ) from None
            if taken:
                raise explain_mistake(config, taken["version"], name, names) from None
            sentence = hide_secrets(str(error))
            if error.kind in UNCERTAIN:
                raise ReleaseError(sentence) from None
            raise NothingRegisteredError(sentence) from None
        found = server.describe(model)
        if config.version in found.keys() - before.keys():
            return name
        # somebody else may have registered other files at the same time
        mistaken = [each for each in found.keys() - before.keys() if found[each].url == name]
        for version in mistaken:
            server.unregister(model, version)
        if not mistaken:
            raise NothingRegisteredError(
                f"Somebody else has unregistered {label} just after it was registered; try again when"
                " nobody else deploys it"
            )
        raise explain_mistake(config, " and ".join(mistaken), name, names)
    files = " or ".join(f"`{hide_secrets(name)}`" for name in names)
    raise NothingRegisteredError(
        f"The server's model store has no {files}; publish {label} there first, or set `url`"
    )


def explain_mistake(
    config: ArchiveConfig, found: str, name: str, names: Sequence[str]
) -> NothingRegisteredError:
    """The error if a file in the server's model store has another version."""
    others = [other for other in names if other != name]
    lacking = f", and there is no {quote_each(others)}" if others else ""
    return NothingRegisteredError(
        f"`{hide_secrets(name)}` on the server has version {found} instead of {config.version}{lacking};"
        f" publish {config.model_name} {config.version} there first"
    )
