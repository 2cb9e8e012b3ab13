"""What a `handler` string means to torch-model-archiver and to TorchServe's worker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

BUILT_INS = (
    "base_handler",
    "image_classifier",
    "image_segmenter",
    "object_detector",
    "text_classifier",
    "dali_image_classifier",
    "vllm_handler",
    "trt_llm_handler",
)
"""The handlers that TorchServe brings along and torch-model-archiver knows by name."""

OTHER_BUILT_INS = (
    "text_handler",
    "vision_handler",
    "densenet_handler",
    "dali_handler",
    "distributed.base_pippy_handler",
    "distributed.base_deepspeed_handler",
)
"""Those of ts/torch_handler that the worker finds too. A file of the same name goes before them."""

LSP_BUILT_INS = ("BaseHandler", "TorchScriptHandler")
"""Those of its C++ worker."""


class Handler(NamedTuple):
    """A handler: where it comes from, and what the manifest says of it."""

    entry: str
    """The manifest's value: `handler.py`, `handler.py:function`, `package.module:function`, a built-in."""
    file: str | None
    """The file to pack at the archive's root, or None: a built-in, or a module among the members."""


def parse_entry(entry: str) -> tuple[str, str | None]:
    """The module that TorchServe's worker imports, and the function that the handler names.

    pytorch/serve, ts/model_loader.py (`_load_handler_file`).
    """
    path, _, function = entry.partition(":")
    return path.removesuffix(".py").rpartition("/")[2], function or None


def parse(text: str, root: Path, runtime: str = "python", *, platform: str = sys.platform) -> Handler:
    """Read a `handler` as torch-model-archiver does, and modules beyond that.

    A name with `/` or `.py` is a file, whose ending may be left out; one with dots is a
    module that the archive, or the server's own environment, must hold.
    """
    path, colon, function = text.partition(":")
    base = path.rpartition("/")[2]
    if runtime == "LSP":
        if path in LSP_BUILT_INS:
            return Handler(text, None)
        suffix = ".dylib" if platform == "darwin" else ".so"
        # the worker appends the ending itself (cpp/src/backends/core/backend.cc)
        entry = base.removesuffix(suffix) + colon + function
        return Handler(entry, path.removesuffix(suffix) + suffix)
    if path in BUILT_INS:
        return Handler(text, None)
    if path in OTHER_BUILT_INS and not (root / f"{path}.py").is_file():
        return Handler(text, None)
    if path.endswith(".py"):
        return Handler(base + colon + function, path)
    if "/" in path or "." not in path or (root / f"{path}.py").is_file():
        return Handler(base + colon + function, f"{path}.py")
    return Handler(text, None)
