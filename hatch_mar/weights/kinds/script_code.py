"""What the code of TorchScript takes for granted: operators that are registered, devices that are there.

torch writes it from a graph, a statement a line, two spaces a level, strings in double quotes and no comments
(torch/csrc/jit/serialization/python_print.cpp). Operators other than `aten`'s are `ops.NAMESPACE.NAME`, which
no variable can be called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from hatch_mar.budget import SCANNED_CODE, Budget
from hatch_mar.weights.pickles.torch_objects import Dictionary, Instance

NAMES = """
    _c10d_functional _c10d_functional_autograd _dtensor _native _quantized _test aten c10d debug_mode_ops
    debugprims export inductor inductor_prims mkl mkldnn mkldnn_prepacked onednn onnx prim prims profiler
    quantization quantized rngprims sparse static_runtime symm_mem
    _nnapi backendutils dist_rpc profiling rnn
    _caffe2 caffe2 cuda fb metal metal_prepack prepacked vulkan vulkan_prepack vulkan_quantized_prepack
    xnnpack
    ao bucketing c10d_functional cplib device_mesh flex_lib fsdp pippy quantized_decomposed semi_structured
    streams torch_attn triton _inductor_test onnx_symbolic
"""
NAMESPACES = frozenset(NAMES.split())
"""Namespaces of what torch itself registers: the operators of torch 2.13 (`torch._C._jit_get_all_schemas`,
`torch._C._dispatch_get_all_op_names`), its classes (`torch._C._jit_get_custom_class_schemas`), those of other
builds of it (`TORCH_LIBRARY` in aten/src/ATen/native), and those that some of its modules register when they
are imported (`torch.library` in torch/)."""
NAMED = re.compile(
    rb'"(?:[^"\\\n]|\\.)*"?|(?<![\w.])(?:ops|__torch__\.torch\.classes)\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)'
)
"""A string, or an operator, or a class of a library's own."""
DEVICE = rb'torch\.device\("(cuda(?::\d+)?)"\)'
FUNCTION, METHOD = 2, 4
"""How many spaces are before the statements of a function, and of a class's methods."""
MOST_NAMES = 20
"""The most operators that are kept."""


class Code(NamedTuple):
    """What a TorchScript archive's code needs of the worker."""

    operators: tuple[str, ...] = ()
    """Those that torch does not have: `torchvision::nms`."""
    devices: tuple[str, ...] = ()
    """GPUs that it uses outside of branches and loops, by name or as an attribute: `cuda:0`."""


def inspect_code(sources: Iterable[bytes], budget: Budget, attributes: Mapping[str, str]) -> Code:
    """What the modules of a TorchScript archive need.

    Args:
        attributes: the GPUs that attributes of modules are.
    """
    operators, devices = dict[str, None](), dict[str, None]()
    names = "|".join(map(re.escape, attributes))
    gpu = re.compile(DEVICE + (rf"|\.({names})\b" if names else "").encode())
    for source in sources:
        budget.spend(SCANNED_CODE, len(source))
        for match in NAMED.finditer(source):
            namespace, name = match[1], match[2]
            if namespace is not None and namespace.decode() not in NAMESPACES and len(operators) < MOST_NAMES:
                operators[f"{namespace.decode()}::{name.decode()}"] = None
        for match in find_certain(source, gpu) if names or b"cuda" in source else ():
            device = match[1].decode() if match[1] else attributes[match[2].decode()]
            if len(devices) < MOST_NAMES:
                devices[device] = None
    return Code(tuple(operators), tuple(devices))


def find_certain(source: bytes, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """What a module's functions have outside of branches, loops and functions of their own."""
    level = 0
    for line in source.split(b"\n"):
        if line.startswith((b"class ", b"def ")):
            level = METHOD if line.startswith(b"class ") else FUNCTION
        elif len(line) - len(line.lstrip(b" ")) == level:
            yield from pattern.finditer(line)


def find_gpu_attributes(value: object) -> dict[str, str]:
    """The attributes of a pickled module, and of those in it, that are a GPU, and which it is."""
    found, left, seen = dict[str, str](), [value], set[int]()
    while left and len(found) < MOST_NAMES:
        each = left.pop()
        if not isinstance(each, Instance) or id(each) in seen or not isinstance(each.state, Dictionary):
            continue
        seen.add(id(each))
        for name, inner in (each.state.items or {}).items():
            left.append(inner)
            match inner:
                case Instance(maker=("torch", "device"), arguments=(str(gpu), *_)) if gpu.startswith("cuda"):
                    found[name] = gpu
    return found
