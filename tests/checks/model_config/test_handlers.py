"""What TorchServe's handlers, and its helpers for others, miss in a configuration is found."""

from __future__ import annotations

import pytest

from tests.checks.model_config import FILE, HANDLER, found


def imports(module: str, name: str) -> str:
    return f"from ts.{module} import {name}\n\ndef handle(data, context): ...\n"


FAULTS: list[tuple[str, str]] = [
    (
        "deepspeed:\n  config: ds.json\n",
        (
            ":2: MAR527 The archive has no `ds.json`, which `deepspeed.config` names;"
            " add the file, for example with `extra-files`"
        ),
    ),
    ("handler:\n", ":1: MAR528 `handler` must be a table, not null; give it keys, or leave it out"),
]
DALI = "dali: {batch_size: 1, num_threads: 2, device_id: 0, seed: 1}\n"
PIPPY = "pippy: {rpc_timeout: 1, num_worker_threads: 2}\nparallelType: pp\ntorchrun: {nproc-per-node: 2}\n"


class TestCheck:
    @pytest.mark.parametrize(("config", "expected"), FAULTS)
    def test_fault(self, config: str, expected: str):
        """What every handler would stumble over is found, with its line."""
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "deepspeed: {config: /opt/ds.json}\nhandler: {model_path: x}\n",
            "handler: {profile: true}\n",
        ],
    )
    def test_good(self, config: str):
        """What handlers read is not a fault."""
        assert found(config) == []

    def test_file_named(self):
        """A file that a setting names may be in a folder of the archive."""
        assert found("deepspeed: {config: ./a/ds.json}\n", files={"a/ds.json": "{}"}) == []


class TestHandlers:
    def test_vllm(self):
        """vLLM needs a model, by name or by path, and awaits its handler."""
        assert found("handler: {vllm_engine_config: {max_num_seqs: 1}}\n", "vllm_handler") == [
            (
                f"{FILE}: MAR526 Handler `vllm_handler` needs `handler.vllm_engine_config.model`"
                " or `handler.model_path` in the model configuration; set it"
            ),
            (
                f"{FILE}: MAR529 Handler `vllm_handler` is asynchronous, but `asyncCommunication` is not set;"
                " set `asyncCommunication: true` in the model configuration"
            ),
        ]
        for way in ("model_path: x", "vllm_engine_config: {model: x}"):
            assert found(f"handler: {{{way}}}\nasyncCommunication: true\n", "vllm_handler") == []

    @pytest.mark.parametrize(
        ("body", "count"),
        [
            ("x = 1", 2),
            ("def initialize(self, ctx): super().initialize(ctx)", 2),
            ("def initialize(self, ctx): ...", 1),
            ("def initialize(self, ctx): ...\n    def handle(self, data, context): ...", 0),
            ("def _get_vllm_engine_config(self, config): ...", 0),
        ],
    )
    def test_derived(self, body: str, count: int):
        """A handler that is derived from one of TorchServe's needs what that needs."""
        source = f"from ts.torch_handler.vllm_handler import VLLMHandler\nclass H(VLLMHandler):\n    {body}\n"
        messages = found("handler: {}\n", "h.py", files={"h.py": source})

        assert [" `VLLMHandler`, which the handler is derived from, " in each for each in messages] == [
            True
        ] * count

    def test_no_configuration(self):
        """An archive without any configuration lacks everything that the handler needs."""
        assert found(None, "trt_llm_handler") == [
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR526 Handler `trt_llm_handler` needs"
                " `handler.engine_dir` in the model configuration; set it"
            ),
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR526 Handler `trt_llm_handler` needs"
                " `handler.tokenizer_dir` in the model configuration; set it"
            ),
            (
                "digits.mar/MAR-INF/MANIFEST.json: MAR529 Handler `trt_llm_handler` is asynchronous, but"
                " `asyncCommunication` is not set; set `asyncCommunication: true` in the model configuration"
            ),
        ]

    def test_synchronous(self):
        """The other handlers cannot be awaited."""
        assert found("asyncCommunication: true\n", "image_classifier") == [
            (
                f"{FILE}:1: MAR529 Handler `image_classifier` is not asynchronous, but"
                " `asyncCommunication` is set;"
                " leave `asyncCommunication` out"
            )
        ]
        assert found("asyncCommunication: false\n", "image_classifier") == []
        assert found("asyncCommunication: true\n") == []

    @pytest.mark.parametrize(
        ("handler", "source"),
        [
            ("dali_image_classifier", ""),
            ("h.py", imports("handler_utils.preprocess.dali", "get_dali_pipeline")),
        ],
    )
    def test_dali(self, handler: str, source: str):
        """DALI's settings have no defaults, whoever asks for the pipeline."""
        assert [line.split("`")[3] for line in found("dali: {seed: 1}\n", handler, source=source)] == [
            "dali.batch_size",
            "dali.num_threads",
            "dali.device_id",
        ]
        assert found(DALI, handler, source=source) == []

    def test_dali_file(self):
        """A pipeline file must be in the archive."""
        config = DALI.replace("}", ", pipeline_file: model.dali}")
        assert found(config, "dali_image_classifier") == [
            (
                f"{FILE}:1: MAR527 The archive has no `model.dali`, which `dali.pipeline_file` names;"
                " add the file, for example with `extra-files`"
            )
        ]
        assert found(config, "dali_image_classifier", {"model.dali": b""}) == []

    @pytest.mark.parametrize(
        ("module", "name", "config", "missing"),
        [
            ("deepspeed", "get_ds_engine", "", ["deepspeed", "handler.model_path"]),
            ("deepspeed", "get_ds_engine", "deepspeed: {}\nhandler: {model_path: x}\n", []),
            (
                "pt_pippy",
                "initialize_rpc_workers",
                "",
                ["pippy.rpc_timeout", "pippy.num_worker_threads", "torchrun"],
            ),
            ("pt_pippy", "initialize_rpc_workers", PIPPY, []),
            (
                "pt_pippy",
                "get_pipeline_driver",
                PIPPY,
                ["pippy.input_names", "pippy.model_type", "handler.model_path"],
            ),
        ],
    )
    def test_functions(self, module: str, name: str, config: str, missing: list[str]):
        """TorchServe's functions for handlers read keys without a default."""
        source = imports(f"handler_utils.distributed.{module}", name)
        expected = [
            f"{FILE}: MAR526 `{name}` needs `{key}` in the model configuration; set it" for key in missing
        ]
        assert found(config or "a: 1\n", source=source) == expected

    def test_own_module(self):
        """A file of the archive takes the place of the built-in handler, and needs nothing."""
        assert found("a: 1\n", "vllm_handler", {"vllm_handler.py": HANDLER}) == []


class TestMicroBatching:
    SOURCE = imports("handler_utils.micro_batching", "MicroBatching")

    def test_fault(self):
        """There are three steps, with a number each."""
        config = (
            "micro_batching:\n  micro_batch_size: 0\n  parallelism:\n    inference: '2'\n    decoding: 1\n"
        )
        fix = "use integers; the steps are `preprocess`, `inference` and `postprocess`"
        assert found(config, source=self.SOURCE) == [
            f"{FILE}:5: MAR530 `MicroBatching` has no step `decoding`; {fix}",
            f"{FILE}:2: MAR530 `micro_batch_size` must be an integer of at least 1, not 0; {fix}",
            f'{FILE}:4: MAR530 `inference` must be an integer of at least 0, not "2"; {fix}',
        ]
        assert found("micro_batching: {parallelism: 2}\n", source=self.SOURCE) == [
            f"{FILE}:1: MAR530 `micro_batching.parallelism` must be a table, not an integer; {fix}"
        ]

    @pytest.mark.parametrize(
        "config", ["micro_batching: {micro_batch_size: 4, parallelism: {inference: 2}}\n", "a: 1\n"]
    )
    def test_good(self, config: str):
        """What TorchServe's example sets is fine."""
        assert found(config, source=self.SOURCE) == []

    def test_other(self):
        """The key of a handler that does not import `MicroBatching` is its own."""
        assert found("micro_batching: {parallelism: 2}\n") == []
