"""What `BaseHandler` cannot read in `pt2`, or cannot use, is found."""

from __future__ import annotations

import pytest

from tests.checks.model_config import FILE, found

PT2 = "write `pt2: {compile: {enable: true, backend: inductor}}`"
COMPILE = "give `pt2.compile` the arguments of `torch.compile`, and a backend that TorchServe knows"
BACKENDS = (
    "it knows `eager`, `aot_eager`, `inductor`, `nvfuser`, `aot_nvfuser`, `aot_cudagraphs`, `ofi`, `fx2trt`,"
    " `onnxrt`, `ipex`, `torchxla_trace_once`, `openvino`, `tensorrt`, `hpu_backend`"
)

FAULTS: list[tuple[str, str]] = [
    *(
        (f"pt2: {value}\n", f":1: MAR524 `pt2` must be a table, not {kind}; {PT2}")
        for value, kind in {"": "null", "3": "an integer", "true": "a boolean", "[a]": "a list"}.items()
    ),
    ("pt2: {compile: true}\n", f":1: MAR524 `pt2.compile` must be a table, not a boolean; {PT2}"),
    (
        "pt2:\n  compile: {backend: inductor}\n",
        ":2: MAR524 `pt2.compile` has no `enable`; set `enable: true`, or leave `compile` out",
    ),
    (
        "pt2: {compile: {enable: 'true'}}\n",
        ':1: MAR525 `pt2.compile.enable` must be a boolean, not "true"; write `true` or `false`',
    ),
    (
        "pt2: {compile: {enable: true, backend: inductr}}\n",
        (
            ':1: MAR525 TorchServe does not know the backend "inductr", which `pt2.compile.backend` sets;'
            " did you mean `inductor`?"
        ),
    ),
    ("pt2: x\n", f':1: MAR525 TorchServe does not know the backend "x", which `pt2` sets; {BACKENDS}'),
    (
        "pt2: {compile: {enable: true, full_graph: true}}\n",
        (
            ":1: MAR525 `torch.compile` has no argument `full_graph`, which `pt2.compile` sets; did you"
            " mean `fullgraph`?"
        ),
    ),
    (
        "pt2: {enable: true, backend: eager}\n",
        (
            ":1: MAR525 `torch.compile` has no argument `enable`, which `pt2` sets; did you mean"
            " `pt2.compile.enable`?"
        ),
    ),
    (
        "pt2: {mode: default, options: {}}\n",
        f":1: MAR525 `torch.compile` takes either `mode` or `options`, and `pt2` sets both; {COMPILE}",
    ),
    ("pt2: {export: 1}\n", f":1: MAR525 `pt2.export` must be a table, not an integer; {COMPILE}"),
    (
        "pt2: {export: {aot_compile: 1}}\n",
        ":1: MAR525 `pt2.export.aot_compile` must be a boolean, not 1; write `true` or `false`",
    ),
]


class TestCheck:
    @pytest.mark.parametrize(("config", "expected"), FAULTS)
    def test_fault(self, config: str, expected: str):
        """A form that kills the worker, or that is not used, is found, with its line."""
        assert found(config) == [FILE + expected]

    @pytest.mark.parametrize(
        "config",
        [
            "pt2: inductor\n",
            "pt2: {backend: openvino}\n",
            "pt2: {}\n",
            "pt2: {compile: {enable: false, backend: x}}\n",
            "pt2: {compile: {enable: true, backend: inductor, mode: max-autotune}}\n",
            "pt2: {export: {aot_compile: true}}\n",
        ],
    )
    def test_good(self, config: str):
        """What the handler reads is not a fault."""
        assert found(config) == []

    def test_exported(self):
        """`pt2` as a string has no `export`, which weights in a library need."""
        assert found("pt2: inductor\n", "base_handler", serialized_file="m.so") == [
            (
                f'{FILE}:1: MAR524 `pt2: "inductor"` has no `export`, which the weights `m.so` need;'
                " write `pt2: {export: {aot_compile: true}}`"
            )
        ]
        assert found("pt2: {export: {aot_compile: true}}\n", "base_handler", serialized_file="m.so") == []

    @pytest.mark.parametrize(
        ("handler", "runtime"),
        [("distributed.base_deepspeed_handler", "python"), ("densenet_handler", "python"), ("lib.so", "LSP")],
    )
    def test_unread(self, handler: str, runtime: str):
        """Handlers that do not initialize `BaseHandler` do not read `pt2`."""
        config = "pt2: 3\nhandler: {model_path: x}\n"
        assert found(config, handler, runtime=runtime) == []
