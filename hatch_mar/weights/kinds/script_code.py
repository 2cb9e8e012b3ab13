"""What the code of TorchScript takes for granted: operators that are registered, devices that are there.

torch writes it from a graph, a statement a line, two spaces a level, strings in double quotes and no comments
(torch/csrc/jit/serialization/python_print.cpp). Operators other than `aten`'s are `ops.NAMESPACE.NAME`, which
no variable can be called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from hatch_mar.budget import SCANNED_CODE, Budget

NAMES = """
    _c10d_functional _c10d_functional_autograd _dtensor _native _quantized _test aten c10d debug_mode_ops
    debugprims export inductor inductor_prims mkl mkldnn mkldnn_prepacked onednn onnx prim prims profiler
    quantization quantized rngprims sparse static_runtime symm_mem
    _nnapi backendutils dist_rpc profiling rnn
    _caffe2 caffe2 cuda fb metal metal_prepack prepacked vulkan vulkan_prepack vulkan_quantized_prepack
    xnnpack
"""
NAMESPACES = frozenset(NAMES.split())
"""Namespaces of what torch itself registers: the operators of torch 2.13 (`torch._C._jit_get_all_schemas`,
`torch._C._dispatch_get_all_op_names`), its classes (`torch._C._jit_get_custom_class_schemas`), and those of
other builds of it (`TORCH_LIBRARY` in aten/src/ATen/native)."""
NAMED = re.compile(
    rb'"(?:[^"\\\n]|\\.)*"?|(?<![\w.])(?:ops|__torch__\.torch\.classes)\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)'
)
"""A string, or an operator, or a class of a library's own."""
DEVICE = re.compile(rb'torch\.device\("(cuda(?::\d+)?)"\)')
MOST_NAMES = 20
"""The most operators that are kept."""


class Code(NamedTuple):
    operators: tuple[str, ...] = ()
    """Those that torch does not have: `torchvision::nms`."""
    devices: tuple[str, ...] = ()
    """GPUs that it names outside of branches and loops: `cuda:0`."""


def inspect_code(sources: Iterable[bytes], budget: Budget) -> Code:
    """What the modules of a TorchScript archive need."""
    operators, devices = dict[str, None](), dict[str, None]()
    for source in sources:
        budget.spend(SCANNED_CODE, len(source))
        for match in NAMED.finditer(source):
            namespace, name = match[1], match[2]
            if namespace is not None and namespace.decode() not in NAMESPACES and len(operators) < MOST_NAMES:
                operators[f"{namespace.decode()}::{name.decode()}"] = None
        if b"cuda" in source:
            devices.update(dict.fromkeys(find_devices(source)))
    return Code(tuple(operators), tuple(devices))


def find_devices(source: bytes) -> list[str]:
    """The GPUs that a module's functions use whenever they are called."""
    found: list[str] = []
    level = 0
    for line in source.split(b"\n"):
        indent = len(line) - len(line.lstrip(b" "))
        if line.startswith(b"def ", indent):
            level = indent + 2
        elif indent == level and b"cuda" in line:
            found += (match[1].decode() for match in DEVICE.finditer(line))
    return found
