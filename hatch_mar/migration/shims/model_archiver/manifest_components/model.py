from __future__ import annotations

import json
import os


class Model:
    """`model` in the manifest."""

    def __init__(
        self,
        model_name: str,
        serialized_file: str | None,
        handler: str,
        model_file: str | None = None,
        model_version: str | None = None,
        extensions: object = None,
        requirements_file: str | None = None,
        config_file: str | None = None,
    ) -> None:
        found = {
            "modelName": model_name,
            "serializedFile": base_name(serialized_file),
            "handler": base_name(handler),
            "modelFile": base_name(model_file),
            "modelVersion": model_version,
            "extensions": extensions,
            "requirementsFile": base_name(requirements_file),
            "configFile": base_name(config_file),
        }
        self.model_dict = {key: value for key, value in found.items() if value}

    def __str__(self) -> str:
        return json.dumps(self.model_dict)


def base_name(path: str | None) -> str | None:
    return os.path.basename(path) if path else None
