"""What TorchServe's `BaseHandler` has and sets (pytorch/serve 0.12, ts/torch_handler/base_handler.py)."""

from collections.abc import Mapping

BASE_HANDLER = "ts.torch_handler.base_handler.BaseHandler"

METHODS = (
    *("initialize", "preprocess", "inference", "postprocess", "handle", "explain_handle", "describe_handle"),
    "get_device",
    *("_load_torch_export_aot_compile", "_load_torchscript_model", "_load_pickled_model"),
    *("_use_torch_export_aot_compile", "_infer_with_profiler", "_is_explain", "_is_describe"),
)

ATTRIBUTES: Mapping[str, object] = {
    **dict.fromkeys(("model", "mapping", "device", "context", "model_pt_path", "manifest", "map_location")),
    "initialized": False,
    "explain": False,
    "target": 0,
}
"""What its `__init__` sets, beside `profiler_args`."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "preprocess": ("context", "device"),
    "inference": ("context", "device", "model"),
    "postprocess": ("context",),
}
"""The attributes that its methods read, `context` by their decorator (ts/handler_utils/timer.py)."""

CALLS: Mapping[str, str] = {"inference": "model"}
"""The attributes that its methods call."""
