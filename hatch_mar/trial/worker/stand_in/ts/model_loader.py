"""The worker's loader of models, with the same steps in the same order as ts/model_loader.py."""

import importlib
import json
import os
from functools import partial
from typing import Any

from .service import Service
from .utils.util import list_classes_from_module


class TsModelLoader:
    def load(
        self,
        model_name: str,
        model_dir: str,
        handler: Any = None,
        gpu_id: int | None = None,
        batch_size: int | None = None,
        envelope: str | None = None,
        limit_max_image_pixels: bool = True,
        metrics_cache: Any = None,
    ) -> Service:
        manifest = None
        manifest_file = os.path.join(model_dir, "MAR-INF", "MANIFEST.json")
        if os.path.exists(manifest_file):
            with open(manifest_file) as file:
                manifest = json.load(file)
        function_name = None
        try:
            module, function_name = self._load_handler_file(handler)
        except ImportError:
            module = importlib.import_module(f".{handler}", "ts.torch_handler")
        function_name = function_name or "handle"
        if hasattr(module, function_name):
            entry_point = getattr(module, function_name)
            initialize = partial(entry_point, None)
        else:
            entry_point, initialize = self._get_class_entry_point(module)
        if envelope is not None:
            found = importlib.import_module(f".{envelope}", "ts.torch_handler.request_envelope")
            entry_point = list_classes_from_module(found)[0](entry_point).handle
        service = Service(
            model_name,
            model_dir,
            manifest,
            entry_point,
            gpu_id,
            batch_size,
            limit_max_image_pixels,
            metrics_cache,
        )
        initialize(service.context)
        return service

    def _load_handler_file(self, handler: Any) -> tuple[Any, str | None]:
        name, colon, function = handler.partition(":")
        module = importlib.import_module(name.removesuffix(".py").split("/")[-1])
        return module, function if colon else None

    def _get_class_entry_point(self, module: Any) -> tuple[Any, Any]:
        found = list_classes_from_module(module)
        if len(found) != 1:
            raise ValueError(
                f"Expected only one class in custom service code or a function entry point {found}"
            )
        service = found[0]()
        if not hasattr(service, "handle"):
            raise ValueError(f"Expect handle method in class {found[0]}")
        return service.handle, service.initialize


class ModelLoaderFactory:
    @staticmethod
    def get_model_loader() -> TsModelLoader:
        return TsModelLoader()
