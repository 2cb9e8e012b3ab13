from __future__ import annotations

from typing import Any

from .manifest_components.manifest import Manifest
from .manifest_components.model import Model


class ModelExportUtils:
    @staticmethod
    def generate_model(modelcfg: Any) -> Model:
        return Model(
            model_name=modelcfg.model_name,
            serialized_file=getattr(modelcfg, "serialized_file", None),
            model_file=getattr(modelcfg, "model_file", None),
            handler=modelcfg.handler,
            model_version=getattr(modelcfg, "version", None),
            requirements_file=getattr(modelcfg, "requirements_file", None),
            config_file=getattr(modelcfg, "config_file", None),
        )

    @staticmethod
    def generate_manifest_json(config: Any) -> str:
        """The manifest as a program sees it, and may change it, before `package_model`."""
        return str(Manifest(getattr(config, "runtime", "python"), ModelExportUtils.generate_model(config)))
