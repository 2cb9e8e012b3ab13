"""`pt2`: how `BaseHandler` compiles the model.

pytorch/serve, ts/torch_handler/base_handler.py (`initialize`, `_use_torch_export_aot_compile`)
and ts/utils/util.py (`PT2Backend`). A wrong form kills the worker; after a fault that
`torch.compile` finds, the worker logs it and serves the model uncompiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hatch_mar.checks.handler_facts import built_in
from hatch_mar.checks.model_config.file import ConfigFile
from hatch_mar.checks.model_config.keys import nearest_key
from hatch_mar.finding import Finding, Place, Rule
from hatch_mar.text import ask_if_meant, did_you_mean, quote_each
from hatch_mar.torchserve import runtimes
from hatch_mar.torchserve.model_config import Table, in_yaml, kind_of

FORM = Rule(
    code="MAR524",
    title="`pt2` has a form that the handler cannot read",
    consequence="the worker dies with `TypeError`, `KeyError`, `ValueError` or `AttributeError`",
    fix="write `pt2: {compile: {enable: true, backend: inductor}}`",
)
UNCOMPILED = Rule(
    code="MAR525",
    severity="warning",
    title="The model is served without what `pt2` asks for",
    consequence="the handler goes on without it, after a line in the worker's log",
    fix="give `pt2.compile` the arguments of `torch.compile`, and a backend that TorchServe knows",
)

BACKENDS = (
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
ARGUMENTS = ("fullgraph", "dynamic", "backend", "mode", "options", "disable")
"""The arguments of `torch.compile` besides the model (torch 2.0 to 2.13)."""


def check(file: ConfigFile, config: Table) -> Iterator[Finding]:
    subject = file.subject
    own = built_in(subject)
    if "pt2" not in config or (own and not own.loads_as_base_handler):
        return
    if subject.manifest.runtime == runtimes.CPP:
        return
    value, place = config["pt2"], file.place(config.lines.get("pt2"))
    if isinstance(value, str):
        weights = subject.value("serializedFile") or ""
        if weights.endswith(".so") and not subject.value("modelFile"):
            message = f"`pt2: {in_yaml(value)}` has no `export`, which the weights `{weights}` need"
            yield FORM.at(place, message, "write `pt2: {export: {aot_compile: true}}`")
        yield from check_backend(place, value, "pt2")
    elif not isinstance(value, Table):
        yield FORM.at(place, f"`pt2` must be a table, not {kind_of(value)}")
    elif "compile" in value:
        yield from check_compile(file, value)
    elif "export" in value:
        yield from check_export(file, value)
    else:
        yield from check_arguments(place, value, "pt2")


def check_compile(file: ConfigFile, pt2: Table) -> Iterator[Finding]:
    options, place = pt2["compile"], file.place(pt2.lines.get("compile"))
    if not isinstance(options, Table):
        yield FORM.at(place, f"`pt2.compile` must be a table, not {kind_of(options)}")
    elif "enable" not in options:
        yield FORM.at(place, "`pt2.compile` has no `enable`", "set `enable: true`, or leave `compile` out")
    elif not isinstance(options["enable"], bool):
        message = f"`pt2.compile.enable` must be a boolean, not {in_yaml(options['enable'])}"
        yield UNCOMPILED.at(file.place(options.lines.get("enable")), message, "write `true` or `false`")
    elif options["enable"]:
        arguments = {key: value for key, value in options.items() if key != "enable"}
        yield from check_arguments(place, arguments, "pt2.compile")


def check_export(file: ConfigFile, pt2: Table) -> Iterator[Finding]:
    export, place = pt2["export"], file.place(pt2.lines.get("export"))
    if not isinstance(export, Table):
        yield UNCOMPILED.at(place, f"`pt2.export` must be a table, not {kind_of(export)}")
    elif not isinstance(export.get("aot_compile", True), bool):
        message = f"`pt2.export.aot_compile` must be a boolean, not {in_yaml(export['aot_compile'])}"
        yield UNCOMPILED.at(place, message, "write `true` or `false`")


def check_arguments(place: Place, arguments: Mapping[Any, Any], key: str) -> Iterator[Finding]:
    for argument in arguments:
        if argument not in ARGUMENTS:
            meant = "pt2.compile.enable" if argument == "enable" else nearest_key(argument, ARGUMENTS)
            fix = ask_if_meant(meant) if meant else None
            yield UNCOMPILED.at(
                place, f"`torch.compile` has no argument `{argument}`, which `{key}` sets", fix
            )
    if "mode" in arguments and "options" in arguments:
        yield UNCOMPILED.at(place, f"`torch.compile` takes either `mode` or `options`, and `{key}` sets both")
    if "backend" in arguments:
        yield from check_backend(place, arguments["backend"], f"{key}.backend")


def check_backend(place: Place, backend: object, key: str) -> Iterator[Finding]:
    if backend not in BACKENDS:
        fix = did_you_mean(str(backend), BACKENDS) or f"it knows {quote_each(BACKENDS)}"
        text = f"TorchServe does not know the backend {in_yaml(backend)}, which `{key}` sets"
        yield UNCOMPILED.at(place, text, fix)
