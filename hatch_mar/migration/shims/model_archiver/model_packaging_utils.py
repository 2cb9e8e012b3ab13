from __future__ import annotations

import json
import os
import time
from typing import Any

from .version import __version__

ATTRIBUTES = {
    "modelName": "model_name",
    "serializedFile": "serialized_file",
    "handler": "handler",
    "modelFile": "model_file",
    "modelVersion": "version",
    "requirementsFile": "requirements_file",
    "configFile": "config_file",
}


class ModelExportUtils:
    @staticmethod
    def generate_manifest_json(config: Any) -> str:
        """The manifest as a program sees it, and may change it, before `package_model`."""
        values = {key: getattr(config, name, None) for key, name in ATTRIBUTES.items()}
        manifest = {
            "createdOn": time.strftime("%d/%m/%Y %H:%M:%S"),
            "runtime": getattr(config, "runtime", "python"),
            "model": {key: os.path.basename(value) for key, value in values.items() if value},
            "archiverVersion": __version__,
        }
        return json.dumps(manifest, indent=2)
