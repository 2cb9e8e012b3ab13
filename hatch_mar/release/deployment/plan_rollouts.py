"""Plans a deployment: everything is looked up before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from hatch_mar.errors import HatchMarError, ReleaseError
from hatch_mar.finding import Finding
from hatch_mar.project.config.addresses import is_loopback
from hatch_mar.project.config.models import ArchiveConfig, Deployment
from hatch_mar.release.deployment.authorization import Key, find_key
from hatch_mar.release.deployment.explanation import PORTS
from hatch_mar.release.deployment.registered_name import list_registered
from hatch_mar.release.deployment.remote_server import RemoteServer
from hatch_mar.release.deployment.rollout import Rollout
from hatch_mar.torchserve.client import Api, Inference, Management
from hatch_mar.trial.examples.request import load_examples


def plan_rollouts(
    configs: Iterable[ArchiveConfig], settings: Deployment, root: Path, tell: Callable[[str], object]
) -> list[Rollout]:
    """The archives of the project at `root`, ready to be rolled out. The server is only sent GETs.

    Raises:
        ReleaseError: the server cannot be reached, or an archive not be deployed to it.
        TrialError: an example cannot be used.
    """
    server = open_server(settings, root)
    found = []
    faults: list[Finding | str] = []
    for config in configs:
        try:
            names, examples = list_registered(config, settings.url), load_examples(config, root)
        except HatchMarError as error:
            faults += error.causes
            continue
        found.append((config, names, examples))
    if faults:
        raise ReleaseError(*faults)
    planned = [
        Rollout(
            *(config, settings, server, names, examples),
            server.describe(config.model_name),
            server.find_default(config.model_name),
            tell,
        )
        for config, names, examples in found
    ]
    if any(rollout.examples and not rollout.is_there for rollout in planned):
        server.check_inference()
    return planned


def open_server(settings: Deployment, root: Path) -> RemoteServer:
    """The server of the settings, whose key file is relative to the project at `root`."""
    management = settings.management or ""
    inference = (settings.inference or inference_beside(management)).rstrip("/")
    key_file = root / settings.key_file if settings.key_file else None
    keys: dict[Api, Key] = {api: find_key(api, key_file) for api in PORTS}
    return RemoteServer(
        Management(management, lambda: keys["management"].value, proxied=is_remote(management)),
        Inference(inference, lambda: keys["inference"].value, proxied=is_remote(inference)),
        settings.timeout,
        keys,
    )


def inference_beside(management: str) -> str:
    """The inference API's usual address on the host of a management API."""
    parts = urlsplit(management)
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    return f"{parts.scheme}://{host}:{PORTS['inference']}"


def is_remote(url: str) -> bool:
    return not is_loopback(urlsplit(url).hostname or "")
