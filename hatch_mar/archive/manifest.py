"""`MAR-INF/MANIFEST.json`: what TorchServe reads first in an archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from hatch_mar.__about__ import __version__
from hatch_mar.torchserve import runtimes

MANIFEST_NAME = "MAR-INF/MANIFEST.json"
"""Where TorchServe looks for a model's manifest, in this case (pytorch/serve, ModelArchive.java)."""

WORKFLOW_MANIFEST_NAME = "WAR-INF/MANIFEST.json"
"""Where it looks for a workflow's (pytorch/serve, WorkflowArchive.java)."""

ARCHIVER_VERSION = f"hatch-mar {__version__}"

TIME_FORMAT = "%d/%m/%Y %H:%M:%S"
"""How `createdOn` is written, in UTC."""

DEEPEST = 32
"""Levels of nesting that a manifest may have. Those that the tools write have two."""


class Manifest(NamedTuple):
    """A manifest as its JSON document.

    The document keeps its unknown keys, so that nothing is lost when an archive is read from
    disk and written again.
    """

    document: Mapping[str, Any]
    """The whole JSON object."""
    name: str = MANIFEST_NAME
    """Its path in the archive, which tells a model's manifest from a workflow's."""

    @classmethod
    def for_model(
        cls,
        *,
        model_name: str,
        model_version: str | None,
        handler: str,
        created: datetime,
        runtime: str = runtimes.DEFAULT,
        serialized_file: str | None = None,
        model_file: str | None = None,
        requirements_file: str | None = None,
        config_file: str | None = None,
    ) -> Manifest:
        """The manifest of a model, in the key order of torch-model-archiver 0.12.

        The order is that of model_archiver/manifest_components/{manifest,model}.py, which
        also leaves out a key without a value. `created` is written in UTC and without a zone,
        the form that every reader of the field knows.
        """
        model = {
            "modelName": model_name,
            "serializedFile": serialized_file,
            "handler": handler,
            "modelFile": model_file,
            "modelVersion": model_version,
            "requirementsFile": requirements_file,
            "configFile": config_file,
        }
        return cls(
            {
                "createdOn": format_time(created),
                "runtime": runtime,
                "model": {key: value for key, value in model.items() if value},
                "archiverVersion": ARCHIVER_VERSION,
            }
        )

    @classmethod
    def for_workflow(
        cls, *, workflow_name: str, spec_file: str, handler: str | None, created: datetime
    ) -> Manifest:
        """The manifest of a workflow, in the key order of torch-workflow-archiver 0.2.15."""
        workflow = {"workflowName": workflow_name, "specFile": spec_file, "handler": handler}
        return cls(
            {
                "createdOn": format_time(created),
                "workflow": {key: value for key, value in workflow.items() if value},
                "archiverVersion": ARCHIVER_VERSION,
            },
            WORKFLOW_MANIFEST_NAME,
        )

    @classmethod
    def from_json(cls, data: bytes, name: str = MANIFEST_NAME) -> Manifest:
        """A manifest from its bytes.

        Raises:
            ValueError: the bytes are not a JSON object in UTF-8 without a byte order mark;
                with one, TorchServe's Java side would start and its Python worker fail.
        """
        try:
            document = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            message = f"`{name}` is not JSON in UTF-8: {error}"
            raise ValueError(message) from None
        if not isinstance(document, dict):
            message = f"`{name}` must be a JSON object"
            raise ValueError(message)
        if is_deeper_than(DEEPEST, document):
            message = f"`{name}` is nested more than {DEEPEST} levels deep"
            raise ValueError(message)
        return cls(document, name)

    def to_json(self) -> bytes:
        """The bytes that an archive has."""
        return json.dumps(self.document, indent=2).encode("utf-8")

    @property
    def model(self) -> Mapping[str, Any]:
        """The `model` object, empty if the manifest has none, as for TorchServe."""
        model = self.document.get("model")
        return model if isinstance(model, dict) else {}

    @property
    def workflow(self) -> Mapping[str, Any]:
        """The `workflow` object, empty if the manifest has none."""
        workflow = self.document.get("workflow")
        return workflow if isinstance(workflow, dict) else {}

    @property
    def is_of_workflow(self) -> bool:
        return self.name == WORKFLOW_MANIFEST_NAME

    @property
    def subject(self) -> Any:
        """The name of the model or workflow: a string, unless another tool wrote something else."""
        return self.workflow.get("workflowName") if self.is_of_workflow else self.model.get("modelName")

    @property
    def runtime(self) -> Any:
        """What runs the handler: a string, unless another tool wrote something else."""
        return self.document.get("runtime", runtimes.DEFAULT)


def is_deeper_than(levels: int, value: object) -> bool:
    layer = [value]
    for _ in range(levels):
        inner = [
            item.values() if isinstance(item, dict) else item
            for item in layer
            if isinstance(item, (dict, list))
        ]
        layer = [item for items in inner for item in items]
    return any(isinstance(item, (dict, list)) for item in layer)


def format_time(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime(TIME_FORMAT)
