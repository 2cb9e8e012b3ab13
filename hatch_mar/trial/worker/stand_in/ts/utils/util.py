"""Functions that handlers import, after ts/utils/util.py."""

import inspect
import itertools
import json
import os
from typing import Any

PT2_BACKENDS = (
    "eager",
    "aot_eager",
    "inductor",
    "nvfuser",
    "aot_nvfuser",
    "aot_cudagraphs",
    "ofi",
    "fx2trt",
    "onnxrt",
    "ipex",
    "torchxla_trace_once",
    "openvino",
    "tensorrt",
    "hpu_backend",
)


class PredictionException(Exception):
    def __init__(self, message: str, error_code: int = 500) -> None:
        self.message = message
        self.error_code = error_code
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} : {self.error_code}"


def list_classes_from_module(module: Any, parent_class: type | None = None) -> list[Any]:
    """The classes that a module defines itself; it may import others."""
    classes = [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__
    ]
    return [found for found in classes if parent_class is None or issubclass(found, parent_class)]


def check_valid_pt2_backend(backend: str) -> bool:
    return backend in PT2_BACKENDS


def get_yaml_config(yaml_file_path: str) -> Any:
    import yaml

    with open(yaml_file_path) as file:
        return yaml.safe_load(file)


def load_label_mapping(mapping_file_path: str) -> Any:
    if not os.path.isfile(mapping_file_path):
        return None
    with open(mapping_file_path) as file:
        mapping = json.load(file)
    if not isinstance(mapping, dict):
        raise Exception('index->name JSON mapping should be in "class": "label" format.')
    if isinstance(mapping.get("object_type_names"), list):
        return {str(index): name for index, name in enumerate(mapping["object_type_names"])}
    for key, value in mapping.items():
        label = value[-1] if isinstance(value, list) else value
        if not isinstance(label, str):
            raise Exception("labels in index->name mapping must be either str or List[str]")
        mapping[key] = label
    return mapping


def map_class_to_label(probs: Any, mapping: Any = None, lbl_classes: Any = None) -> list[Any]:
    if not isinstance(probs, list):
        raise Exception("Convert classes to list before doing mapping")
    if mapping is not None and not isinstance(mapping, dict):
        raise Exception("Mapping must be a dict")
    if lbl_classes is None:
        lbl_classes = itertools.repeat(range(len(probs[0])), len(probs))
    return [
        {(mapping[str(label)] if mapping is not None else str(label)): probability
         for label, probability in zip(*row)}
        for row in zip(lbl_classes, probs)
    ]  # fmt: skip
