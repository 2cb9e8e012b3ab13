"""TorchServe's own handlers, one record each; and what a `handler` string means to its worker.

pytorch/serve 0.12, ts/torch_handler and ts/handler_utils. Who knows of a handler takes it from
here, so that one more of them is one more record.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from hatch_mar.torchserve import runtimes

HANDLERS_PACKAGE = "ts.torch_handler"
"""The package of its own handlers, where the worker also looks for one that it could not import."""


class Helper(NamedTuple):
    """A function or class of ts/handler_utils that handlers use, TorchServe's own and others."""

    path: str
    needs: tuple[str, ...] = ()
    """Keys of the model configuration that it reads without a default."""
    reads: tuple[str, ...] = ()
    """Tables of the model configuration that it reads if they are there."""
    files: tuple[str, ...] = ()
    """Keys of the model configuration that name a file of the archive."""
    imports: tuple[str, ...] = ()
    """Modules that its own module imports, beyond those of torch and of what TorchServe's wheel requires."""

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def module(self) -> str:
        return self.path.rpartition(".")[0]


DALI_PIPELINE = Helper(
    "ts.handler_utils.preprocess.dali.get_dali_pipeline",
    needs=("dali.batch_size", "dali.num_threads", "dali.device_id", "dali.seed"),
    files=("dali.pipeline_file",),
    imports=("nvidia.dali",),
)
RPC_WORKERS = Helper(
    "ts.handler_utils.distributed.pt_pippy.initialize_rpc_workers",
    needs=("pippy.rpc_timeout", "pippy.num_worker_threads", "torchrun"),
    imports=("pippy",),
)
PIPELINE_DRIVER = Helper(
    "ts.handler_utils.distributed.pt_pippy.get_pipeline_driver",
    needs=("pippy.input_names", "pippy.model_type", "handler.model_path"),
    imports=("pippy",),
)
DEEPSPEED_ENGINE = Helper(
    "ts.handler_utils.distributed.deepspeed.get_ds_engine",
    needs=("deepspeed", "handler.model_path"),
    files=("deepspeed.config",),
    imports=("deepspeed",),
)
BATCH_STREAMER = Helper(
    "ts.handler_utils.hf_batch_streamer.TextIteratorStreamerBatch", imports=("transformers",)
)
MICRO_BATCHING = Helper("ts.handler_utils.micro_batching.MicroBatching", reads=("micro_batching",))

HELPERS = (DALI_PIPELINE, RPC_WORKERS, PIPELINE_DRIVER, DEEPSPEED_ENGINE, BATCH_STREAMER, MICRO_BATCHING)


class BuiltIn(NamedTuple):
    """One of TorchServe's own handlers, a module of ts/torch_handler."""

    name: str
    """The module's, by which the manifest names it."""
    class_name: str
    """The class's, from which others derive their own."""
    loading: Literal["base", "model-file"] | None
    """Who loads the weights.

    `base`: `BaseHandler.initialize`, which also reads `index_to_name.json` and `pt2`.
    `model-file`: code of its own, which loads a model file as `BaseHandler` does.
    None: code of its own, which loads no model file.
    """
    imports: tuple[str, ...] = ()
    """Modules that it imports, beyond those of torch and of what TorchServe's wheel requires."""
    helpers: tuple[Helper, ...] = ()
    """What it calls to initialize itself."""
    needs: tuple[str, ...] = ()
    """Keys of the model configuration that it reads without a default; of those with a `|`, one."""
    is_in_archiver: bool = False
    """Whether torch-model-archiver knows it by name."""
    is_async: bool = False
    """Whether its `handle` is a coroutine."""
    looks_up_labels: bool = False
    """Whether it looks every class's number up in `index_to_name.json` (`map_class_to_label`)."""
    takes_batches: bool = True
    """Whether it answers every request of a batch."""
    reads_vocabulary: bool = False
    """Whether it reads the manifest's `sourceVocab`, or else the file `SOURCE_VOCABULARY` of the archive."""

    @property
    def module(self) -> str:
        return f"{HANDLERS_PACKAGE}.{self.name}"

    @property
    def loads_as_base_handler(self) -> bool:
        return self.loading == "base"

    @property
    def handles_in_steps(self) -> bool:
        """Whether its `handle` is that of `BaseHandler`, which calls each of `STEPS` with one argument."""
        return not self.is_async and self.loading != "model-file"

    @property
    def all_needs(self) -> tuple[str, ...]:
        """Keys that it, or what it calls, reads without a default."""
        return self.needs + tuple(key for helper in self.helpers for key in helper.needs)


STEPS = ("preprocess", "inference", "postprocess")
"""Methods that `BaseHandler.handle` calls one after the other, each with what the one before returned."""

CAPTUM = ("captum",)
VISION = ("captum", "torchvision")
DALI = ("captum", "numpy", "nvidia.dali")

ALL_BUILT_INS = (
    BuiltIn("base_handler", "BaseHandler", "base", is_in_archiver=True),
    BuiltIn("image_classifier", "ImageClassifier", "base", VISION, is_in_archiver=True, looks_up_labels=True),
    BuiltIn("image_segmenter", "ImageSegmenter", "base", VISION, is_in_archiver=True),
    BuiltIn("object_detector", "ObjectDetector", "base", VISION, is_in_archiver=True, looks_up_labels=True),
    BuiltIn(
        "text_classifier",
        "TextClassifier",
        "base",
        CAPTUM,
        is_in_archiver=True,
        looks_up_labels=True,
        takes_batches=False,
        reads_vocabulary=True,
    ),
    BuiltIn(
        "dali_image_classifier",
        "DALIImageClassifier",
        "base",
        DALI,
        helpers=(DALI_PIPELINE,),
        is_in_archiver=True,
        looks_up_labels=True,
    ),
    BuiltIn(
        "vllm_handler",
        "VLLMHandler",
        None,
        ("vllm",),
        needs=("handler.vllm_engine_config.model|handler.model_path",),
        is_in_archiver=True,
        is_async=True,
        takes_batches=False,
    ),
    BuiltIn(
        "trt_llm_handler",
        "TRTLLMHandler",
        None,
        ("tensorrt_llm", "transformers"),
        needs=("handler.engine_dir", "handler.tokenizer_dir"),
        is_in_archiver=True,
        is_async=True,
        takes_batches=False,
    ),
    BuiltIn("text_handler", "TextHandler", "base", CAPTUM, reads_vocabulary=True),
    BuiltIn("vision_handler", "VisionHandler", "base", CAPTUM),
    BuiltIn("densenet_handler", "DenseNetHandler", "model-file", takes_batches=False),
    BuiltIn("dali_handler", "DALIHandler", "base", DALI, helpers=(DALI_PIPELINE,)),
    BuiltIn("distributed.base_pippy_handler", "BasePippyHandler", None, ("pippy",), helpers=(RPC_WORKERS,)),
    BuiltIn("distributed.base_deepspeed_handler", "BaseDeepSpeedHandler", None),
)

BUILT_INS = {each.name: each for each in ALL_BUILT_INS}
BUILT_IN_CLASSES = {each.class_name: each for each in ALL_BUILT_INS}

ARCHIVER_BUILT_INS = tuple(each.name for each in ALL_BUILT_INS if each.is_in_archiver)
"""Those that torch-model-archiver knows by name: a file of the same name does not take their place there."""

LOADING_METHODS = ("_load_pickled_model", "_load_torchscript_model", "_load_torch_export_aot_compile")
"""Methods of `BaseHandler` that a subclass overrides to load weights in its own way."""

HOOKS = ("get_source_vocab_path", "_get_vllm_engine_config")
"""Methods that decide, in the `initialize` of other handlers of TorchServe, what is read."""

SOURCE_VOCABULARY = "source_vocab.pt"

BASE_TABLES = ("handler", "pt2")
"""Tables of a model configuration that `BaseHandler` reads if they are there."""

CONFIG_KEYS = (
    *BASE_TABLES,
    *(key for helper in HELPERS for key in helper.reads),
    *(key.partition(".")[0] for each in (*ALL_BUILT_INS, *HELPERS) for key in each.needs),
)
"""What TorchServe's handlers, or what handlers call, read at a model configuration's top level."""

LSP_BUILT_INS = ("BaseHandler", "TorchScriptHandler")
"""The handlers of TorchServe's C++ worker."""


def handles_in_steps(path: str) -> bool:
    """Whether the `handle` of a class, given by its full name, is that of `BaseHandler`."""
    package, _, name = path.rpartition(".")
    found = BUILT_IN_CLASSES.get(name)
    return package.startswith(HANDLERS_PACKAGE) and found is not None and found.handles_in_steps


def imports_of(module: str) -> tuple[str, ...]:
    """What one of TorchServe's modules imports, beyond those of torch and of what its wheel requires."""
    return next((each.imports for each in (*ALL_BUILT_INS, *HELPERS) if each.module == module), ())


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


def parse(text: str, root: Path, runtime: str = runtimes.DEFAULT, *, platform: str = sys.platform) -> Handler:
    """Read a `handler` as torch-model-archiver does, and modules beyond that.

    A name with `/` or `.py` is a file, whose ending may be left out; one with dots is a
    module that the archive, or the server's own environment, must hold.
    """
    path, colon, function = text.partition(":")
    base = path.rpartition("/")[2]
    if runtime == runtimes.CPP:
        if path in LSP_BUILT_INS:
            return Handler(text, None)
        suffix = ".dylib" if platform == "darwin" else ".so"
        # the worker appends the ending itself (cpp/src/backends/core/backend.cc)
        entry = base.removesuffix(suffix) + colon + function
        return Handler(entry, path.removesuffix(suffix) + suffix)
    if path in ARCHIVER_BUILT_INS:
        return Handler(text, None)
    if path in BUILT_INS and not os.path.isfile(root / f"{path}.py"):
        return Handler(text, None)
    if path.endswith(".py"):
        return Handler(base + colon + function, path)
    if "/" in path or "." not in path or os.path.isfile(root / f"{path}.py"):
        return Handler(base + colon + function, f"{path}.py")
    return Handler(text, None)
