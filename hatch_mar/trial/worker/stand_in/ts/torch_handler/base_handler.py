"""The handler that loads eager, TorchScript and ONNX models, after ts/torch_handler/base_handler.py."""

import abc
import importlib
import importlib.util
import logging
import os
from typing import Any

import torch

from ..handler_utils.timer import timed
from ..utils.util import check_valid_pt2_backend, list_classes_from_module, load_label_mapping

logger = logging.getLogger(__name__)


class BaseHandler(abc.ABC):  # noqa: B024
    def __init__(self) -> None:
        self.model: Any = None
        self.mapping: Any = None
        self.device: Any = None
        self.initialized = False
        self.context: Any = None
        self.model_pt_path: Any = None
        self.manifest: Any = None
        self.map_location: Any = None
        self.explain = False
        self.target = 0
        self.profiler_args: dict[str, Any] = {}

    def initialize(self, context: Any) -> None:
        self.model_yaml_config = context.model_yaml_config
        properties = context.system_properties
        self.map_location = self._choose_location(properties.get("gpu_id"))
        numbered = self.map_location == "cuda"
        self.device = torch.device(f"cuda:{properties['gpu_id']}" if numbered else self.map_location)
        self.manifest = context.manifest
        model_dir, model = properties["model_dir"], self.manifest["model"]
        self.model_pt_path = None
        if "serializedFile" in model:
            self.model_pt_path = os.path.join(model_dir, model["serializedFile"])
        self.model = self._load_by_suffix(model_dir, model.get("modelFile", ""))
        self._compile()
        self.mapping = load_label_mapping(os.path.join(model_dir, "index_to_name.json"))
        self.initialized = True

    def _choose_location(self, gpu_id: int | None) -> str:
        if torch.cuda.is_available() and gpu_id is not None:
            return "cuda"
        return "mps" if torch.backends.mps.is_available() and gpu_id is not None else "cpu"

    def _load_by_suffix(self, model_dir: str, model_file: str) -> Any:
        if model_file:
            model = self._load_pickled_model(model_dir, model_file, self.model_pt_path)
            model.to(self.device)
            model.eval()
            return model
        if self.model_pt_path.endswith(".pt"):
            model = self._load_torchscript_model(self.model_pt_path)
            model.eval()
            return model
        if self.model_pt_path.endswith(".onnx") and importlib.util.find_spec("onnxruntime"):
            import onnxruntime

            on_gpu = ["CUDAExecutionProvider"] if self.map_location == "cuda" else []
            return onnxruntime.InferenceSession(
                self.model_pt_path, providers=[*on_gpu, "CPUExecutionProvider"]
            )
        if self.model_pt_path.endswith(".so") and self._use_torch_export_aot_compile():
            return self._load_torch_export_aot_compile(self.model_pt_path)
        raise RuntimeError("No model weights could be loaded")

    def _compile(self) -> None:
        """Call `torch.compile` if the model configuration's `pt2` asks for it."""
        pt2 = (self.model_yaml_config or {}).get("pt2")
        if pt2 is None or "export" in pt2:
            return
        options: dict[str, Any] = {"backend": pt2} if isinstance(pt2, str) else dict(pt2)
        if "compile" in options:
            options = dict(options["compile"])
            if not options.pop("enable"):
                return
        if check_valid_pt2_backend(options.get("backend", "inductor")):
            self.model = torch.compile(self.model, **options)

    def _load_torch_export_aot_compile(self, model_so_path: str) -> Any:
        return torch._export.aot_load(model_so_path, self.map_location)

    def _load_torchscript_model(self, model_pt_path: str) -> Any:
        return torch.jit.load(model_pt_path, map_location=self.device)

    def _load_pickled_model(self, model_dir: str, model_file: str, model_pt_path: str | None) -> Any:
        if not os.path.isfile(os.path.join(model_dir, model_file)):
            raise RuntimeError("Missing the model.py file")
        module = importlib.import_module(model_file.partition(".")[0])
        found = list_classes_from_module(module)
        if len(found) != 1:
            raise ValueError(f"Expected only one class as model definition. {found}")
        model = found[0]()
        if model_pt_path:
            model.load_state_dict(torch.load(model_pt_path, map_location=self.device))
        return model

    def _use_torch_export_aot_compile(self) -> bool:
        export = ((self.model_yaml_config or {}).get("pt2") or {}).get("export")
        return isinstance(export, dict) and bool(export.get("aot_compile"))

    @timed
    def preprocess(self, data: Any) -> Any:
        return torch.as_tensor(data, device=self.device)

    @timed
    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        with torch.inference_mode():
            return self.model(data.to(self.device), *args, **kwargs)

    @timed
    def postprocess(self, data: Any) -> Any:
        return data.tolist()

    def handle(self, data: Any, context: Any) -> Any:
        self.context = context
        return self.postprocess(self.inference(self.preprocess(data)))

    def _is_explain(self) -> bool:
        return False  # a trial asks for predictions only

    def _is_describe(self) -> bool:
        return False

    def get_device(self) -> Any:
        return self.device
