"""The folder that KServe mounts at `/mnt/models`: archives in `model-store`, and `config/config.properties`.

KServe's TorchServe runtime loads what `model_snapshot` says, and its wrapper asks for the models named there
(pytorch/serve, kubernetes/kserve/kserve_wrapper; kserve/kserve, config/runtimes/kserve-torchserve.yaml).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from hatch_mar.archive.formats.reader import read
from hatch_mar.checks.model_config.keys import effective_value
from hatch_mar.checks.subject import Subject
from hatch_mar.release.publishing.layouts.demands import require_mar, require_plain_version
from hatch_mar.release.publishing.ready import Ready, Upload
from hatch_mar.torchserve import runtimes, suffixes
from hatch_mar.torchserve.model_config import DEFAULT_TIMEOUT

NAME = "kserve"
OWN_FOLDER = STORE = "model-store"
CONFIG = "config/config.properties"

PROPERTIES = {
    # where the wrapper, which listens on 8080 itself, and KServe's metrics look for them
    "inference_address": "http://0.0.0.0:8085",
    "management_address": "http://0.0.0.0:8085",
    "metrics_address": "http://0.0.0.0:8082",
    "grpc_inference_port": "7070",
    "grpc_management_port": "7071",
    # KServe sets the envelope with TS_SERVICE_ENVELOPE
    "enable_envvars_config": "true",
    # KServe sends no token
    "disable_token_authorization": "true",
    "model_store": f"/mnt/models/{STORE}",
}

DEFAULT_VERSION = "1.0"
"""The version that TorchServe gives to a model without one (ModelManager.java)."""
DEFAULT_DELAY = 100
"""Milliseconds that TorchServe waits for a batch to fill (ModelManager.java)."""


def make_uploads(archives: Sequence[Ready], scratch: Path) -> list[Upload]:  # noqa: ARG001
    models: dict[str, dict[str, Ready]] = defaultdict(dict)
    for archive in archives:
        require_mar(archive, NAME)
        require_plain_version(archive)
        models[archive.name][archive.version or DEFAULT_VERSION] = archive
    names = {archive: name_file(archive, several=len(models[archive.name]) > 1) for archive in archives}
    uploads = [Upload(f"{STORE}/{names[archive]}", archive.path) for archive in archives]
    return [*uploads, Upload(CONFIG, write_properties(models, names))]


def name_file(archive: Ready, *, several: bool) -> str:
    """The name in the model store, with the version if there are several of the model.

    It has no dot but that of the suffix, or the wrapper would not see the file (TorchserveModel.py).
    """
    stem = f"{archive.name}-{archive.version or DEFAULT_VERSION}" if several else archive.name
    return stem.replace(".", "_") + suffixes.MODEL


def write_properties(models: Mapping[str, Mapping[str, Ready]], names: Mapping[Ready, str]) -> bytes:
    """The text of `config.properties`."""
    states: dict[str, dict[str, Any]] = {}
    requires = False
    for model, versions in models.items():
        newest = max(versions, key=sort_key)
        states[model] = {}
        for version, archive in versions.items():
            with read(archive.path) as content:
                subject = Subject.of_file(content, archive.path)
                requires |= subject.named_member("requirementsFile") is not None
                states[model][version] = {
                    "defaultVersion": version == newest,
                    "marName": names[archive],
                    **describe_state(subject),
                }
    snapshot = {"name": "startup.cfg", "modelCount": sum(map(len, states.values())), "models": states}
    properties = PROPERTIES | ({"install_py_dep_per_model": "true"} if requires else {})
    # on one line, and in ASCII, which Java's properties and the wrapper read alike
    properties["model_snapshot"] = json.dumps(snapshot, separators=(",", ":"))
    return "".join(f"{key}={value}\n" for key, value in properties.items()).encode("ascii")


def sort_key(version: str) -> tuple[bool, Version]:
    """A sort key for versions; those that are not valid in PEP 440 come first."""
    try:
        return True, Version(version)
    except InvalidVersion:
        return False, Version("0")


def describe_state(subject: Subject) -> dict[str, Any]:
    """A model's state in a snapshot, which overrides its model configuration (Model.java, `setModelState`).

    So it repeats the model configuration, with TorchServe's defaults for the rest.
    """
    settings = subject.model_config.settings

    def get(key: str, default: int) -> Any:
        return effective_value(settings, key) or default

    least, most = effective_value(settings, "minWorkers"), effective_value(settings, "maxWorkers")
    # TorchServe uses them only together (ModelServer.java)
    fitting = isinstance(least, int) and isinstance(most, int) and least <= most
    state = {
        "minWorkers": least if fitting else 1,
        "maxWorkers": most if fitting else 1,
        "batchSize": get("batchSize", 1),
        "maxBatchDelay": get("maxBatchDelay", DEFAULT_DELAY),
        "responseTimeout": get("responseTimeout", DEFAULT_TIMEOUT),
        "startupTimeout": get("startupTimeout", DEFAULT_TIMEOUT),
    }
    runtime = subject.manifest.runtime
    return state if runtime == runtimes.DEFAULT else state | {"runtimeType": runtime}
