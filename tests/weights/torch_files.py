"""One real file of each kind that torch writes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

OLD = {"_use_new_zipfile_serialization": False}


def model(torch: Any) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))


def checkpoint(torch: Any) -> dict[str, Any]:
    net = model(torch)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    return {
        "epoch": 3,
        "loss": torch.tensor(0.5),
        "optimizer": optimizer.state_dict(),
        "model": net.state_dict(),
    }


def quantized(torch: Any) -> Any:
    return torch.ao.quantization.quantize_dynamic(model(torch), {torch.nn.Linear}, dtype=torch.qint8)


def odd_tensors(torch: Any) -> dict[str, Any]:
    """Every way in which torch/_utils.py rebuilds a tensor that a CPU can write."""
    return {
        "empty": torch.zeros(0),
        "scalar": torch.tensor(1),
        "view": torch.zeros(8)[2:4],
        "parameter": torch.nn.Parameter(torch.zeros(2)),
        "per tensor": torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.qint8),
        "per channel": torch.quantize_per_channel(
            torch.randn(2, 3), torch.ones(2), torch.zeros(2), 0, torch.quint8
        ),
        "coo": torch.eye(3).to_sparse(),
        "csr": torch.eye(3).to_sparse_csr(),
        "nested": torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
        "float8": torch.zeros(3, dtype=torch.float8_e4m3fn),
        "uint16": torch.zeros(3, dtype=torch.uint16),
        "bfloat16": torch.zeros(3, dtype=torch.bfloat16),
        "conjugate": torch.zeros(3, dtype=torch.complex64).conj(),
        "meta": torch.zeros(3, device="meta"),
    }


def without_crc(torch: Any, path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(model(torch).state_dict(), path)
    finally:
        torch.serialization.set_crc32_options(True)


def prefixed(torch: Any, prefix: str) -> Any:
    """A state_dict as a wrapper's own has it.

    Importing torch.compile takes seconds: tests/e2e/test_worker_weights.py compares it with this.
    """
    return OrderedDict((prefix + key, value) for key, value in model(torch).state_dict().items())


WRITERS: dict[str, Callable[[Any, Path], Any]] = {
    "state_dict.pth": lambda torch, path: torch.save(model(torch).state_dict(), path),
    "legacy.pth": lambda torch, path: torch.save(model(torch).state_dict(), path, **OLD),
    "bfloat16.pth": lambda torch, path: torch.save(model(torch).bfloat16().state_dict(), path),
    "tied.pth": lambda torch, path: torch.save(dict.fromkeys("ab", torch.zeros(3)), path),
    "checkpoint.pt": lambda torch, path: torch.save(checkpoint(torch), path),
    "legacy_checkpoint.pt": lambda torch, path: torch.save(checkpoint(torch), path, **OLD),
    "nested_checkpoint.pt": lambda torch, path: torch.save(
        {"args": {"lr": 0.1}, "trainer": {"weights": model(torch).state_dict()}}, path
    ),
    "data_parallel.pth": lambda torch, path: torch.save(
        torch.nn.DataParallel(model(torch)).state_dict(), path
    ),
    "compiled.pth": lambda torch, path: torch.save(prefixed(torch, "_orig_mod."), path),
    "compiled_parallel.pth": lambda torch, path: torch.save(prefixed(torch, "_orig_mod.module."), path),
    "tensor.pt": lambda torch, path: torch.save(torch.zeros(2, 3, dtype=torch.float64), path),
    "parameter.pt": lambda torch, path: torch.save(torch.nn.Parameter(torch.zeros(2)), path),
    "list.pt": lambda torch, path: torch.save([torch.zeros(2), torch.zeros(3)], path),
    "number.pt": lambda torch, path: torch.save(7, path),
    "module.pt": lambda torch, path: torch.save(model(torch), path),
    "legacy_module.pt": lambda torch, path: torch.save(model(torch), path, **OLD),
    "graph.pt": lambda torch, path: torch.save(torch.fx.symbolic_trace(model(torch)), path),
    "function.pt": lambda torch, path: torch.save({"f": torch.nn.functional.relu, "w": torch.zeros(1)}, path),
    "script.pt": lambda torch, path: torch.jit.script(model(torch)).save(path),
    "trace.pt": lambda torch, path: torch.jit.trace(model(torch).eval(), torch.ones(5, 3)).save(path),
    "lite.ptl": lambda torch, path: torch.jit.script(model(torch))._save_for_lite_interpreter(str(path)),
    "exported.pt2": lambda torch, path: torch.export.save(
        torch.export.export(model(torch).eval(), (torch.ones(5, 3),)), path
    ),
    "quantized.pth": lambda torch, path: torch.save(quantized(torch).state_dict(), path),
    "odd.pth": lambda torch, path: torch.save(odd_tensors(torch), path),
    "protocol4.pth": lambda torch, path: torch.save(model(torch).state_dict(), path, pickle_protocol=4),
    "protocol5_legacy.pth": lambda torch, path: torch.save(
        model(torch).state_dict(), path, pickle_protocol=5, **OLD
    ),
    "without_crc.pth": without_crc,
}
