"""Honest files, some of which look as if they ran code."""

from __future__ import annotations

import collections
import io
import pickle
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from struct import pack
from typing import Any

from tests.e2e.hostile.case import Case
from tests.e2e.hostile.pickles import saved

SCRIPT = """
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(1))

    @torch.jit.export
    def __getstate__(self):
        return (self.w, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]):
        self.w = state[0]
        self.training = state[1]
        STATEMENT

    def forward(self, x):
        return x + self.w
"""


def honest(torch: Any, numpy: Any) -> Iterator[Case]:
    for name, value in values(torch).items():
        yield silent(f"{name}.pt", saved(torch, value))
    state = network(torch).state_dict()
    yield silent("legacy.pt", saved(torch, state, _use_new_zipfile_serialization=False))
    torch.serialization.set_crc32_options(False)
    yield silent("without-crc.pt", saved(torch, state))
    torch.serialization.set_crc32_options(True)
    with torch.serialization.skip_data():
        yield silent("skipped-data.pt", saved(torch, state))
    scalar = saved(torch, {"model": state, "best": numpy.float64(0.5)})
    yield Case("numpy-scalar.pt", scalar, honest=True, names=("numpy",))
    yield Case("module.pt", saved(torch, network(torch)), honest=True, names=("torch.nn.modules",))
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(network(torch)), script)
    yield silent("script.pt", script.getvalue(), load="torch.jit.load")
    yield silent("script-with-state.pt", scripted(torch, "pass"), load="torch.jit.load")
    program = exported(torch, network(torch).eval(), torch.ones(3, 4))
    yield silent("program.pt2", program, load="torch.export.load")
    free = {"input": {0: torch.export.Dim("batch", min=2, max=64)}}
    dynamic = exported(torch, network(torch).eval(), torch.ones(4, 4), dynamic_shapes=free)
    yield silent("program-of-any-batch.pt2", dynamic, load="torch.export.load")
    arrays = io.BytesIO()
    numpy.savez(arrays, a=numpy.ones(3), b=numpy.arange(4))
    yield silent("arrays.npz", arrays.getvalue(), load="numpy.load")
    head = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    yield silent("tensors.safetensors", pack("<Q", len(head)) + head + bytes(4), load="none")
    yield silent("model.gguf", b"GGUF" + pack("<IQQ", 3, 0, 0), load="none")
    vocabulary = silent("vocabulary.pkl", pickle.dumps({"the": 0, "of": 1}, 4), load="pickle.load")
    yield vocabulary._replace(keys='extra-files = ["vocabulary.pkl", "labels.txt"]')


def silent(file: str, data: bytes, **fields: Any) -> Case:
    return Case(file, data, honest=True, severity="nothing", **fields)


def values(torch: Any) -> dict[str, Any]:
    net, base = network(torch), torch.randn(1000)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(3, 4)).sum().backward()
    optimizer.step()
    state = net.state_dict()
    halves = {
        "a": base.to(torch.bfloat16),
        "b": base[:4].to(torch.float8_e4m3fn),
        "c": base.half(),
    }
    return {
        "state-dict": state,
        "checkpoint": {"epoch": 3, "model": state, "optimizer": optimizer.state_dict(), "loss": 0.5},
        "counter": {"model": state, "seen": collections.Counter("abc")},
        "low-precision": halves,
        "complex": {"w": torch.randn(4, dtype=torch.complex64).conj()},
        "sparse": {"a": torch.eye(4).to_sparse(), "b": torch.eye(4).to_sparse_csr()},
        "nested": {"w": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])},
        "quantized": {"w": torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.qint8)},
        "meta": {"w": torch.empty(4, device="meta")},
        "views": {"a": base[:10], "b": base[5:900:3], "c": base.view(10, 100).t()},
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "unicode": {"ключ.вес": torch.ones(2), "重み": torch.ones(1)},
        "many": {f"layer{number}.w": torch.ones(1) for number in range(2000)},
    }


def network(torch: Any) -> Any:
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def exported(torch: Any, module: Any, example: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    torch.export.save(torch.export.export(module, (example,), **options), out)
    return out.getvalue()


def scripted(torch: Any, statement: str) -> bytes:
    """TorchScript whose `__setstate__`, which torch.jit.load calls, ends with a statement."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"net_{len(statement)}.py"
        source.write_text(SCRIPT.replace("STATEMENT", statement))
        spec = spec_from_file_location(source.stem, source)
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        sys.modules[source.stem] = module
        spec.loader.exec_module(module)
        out = io.BytesIO()
        torch.jit.save(torch.jit.script(module.Net()), out)
    return out.getvalue()
