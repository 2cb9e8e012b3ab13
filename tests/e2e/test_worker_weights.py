"""What the checks say of weights, and what TorchServe's own base handler does with them."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hatch_mar.checks import loading, serialized_file
from tests.checks import subject
from tests.e2e.conftest import DEADLINE, require_module
from tests.e2e.test_worker_handler import WORKER
from tests.weights import torch_files
from tests.weights.conftest import written  # noqa: F401

NET = """\
import torch
class Net(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
"""
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 123\n"


@dataclass(frozen=True)
class Case:
    """Weights under a name, with or without a model file; the codes found; what the worker says."""

    source: str | bytes
    """One of the files that torch wrote, or bytes."""
    name: str
    eager: bool = False
    codes: str = ""
    outcome: str = "loaded"
    cut: int = 0


GOOD = {
    "state-dict": Case("state_dict.pth", "w.pth", eager=True),
    "state-dict-as-pt": Case("state_dict.pth", "w.pt", eager=True),
    "legacy": Case("legacy.pth", "w.pth", eager=True),
    "bfloat16": Case("bfloat16.pth", "w.pth", eager=True),
    "without-crc": Case("without_crc.pth", "w.pth", eager=True),
    "script": Case("script.pt", "w.pt"),
    "trace": Case("trace.pt", "w.pt"),
}

WEIGHTS_ONLY = "UnpicklingError: Weights only load failed"
NOTHING_LOADED = "RuntimeError: No model weights could be loaded"

BAD = {
    "state-dict-without-model-file": Case("state_dict.pth", "w.pt", codes="MAR407", outcome="RuntimeError: "),
    "suffix": Case("script.pt", "w.pth", codes="MAR408", outcome=NOTHING_LOADED),
    "exported": Case("exported.pt2", "w.pt2", codes="MAR408", outcome=NOTHING_LOADED),
    "safetensors": Case(b"\x02" + bytes(7) + b"{}", "w.safetensors", codes="MAR408", outcome=NOTHING_LOADED),
    "script-with-model-file": Case(
        "script.pt", "w.pt", eager=True, codes="MAR406", outcome="RuntimeError: Cannot use ``weights_only"
    ),
    "checkpoint": Case(
        "checkpoint.pt", "w.pth", eager=True, codes="MAR406", outcome="RuntimeError: Error(s)"
    ),
    "tensor": Case(
        "tensor.pt", "w.pth", eager=True, codes="MAR406", outcome="TypeError: Expected state_dict"
    ),
    "module": Case("module.pt", "w.pth", eager=True, codes="MAR406 MAR411", outcome=WEIGHTS_ONLY),
    "data-parallel": Case(
        "data_parallel.pth", "w.pth", eager=True, codes="MAR410", outcome="RuntimeError: Error(s)"
    ),
    "compiled": Case("compiled.pth", "w.pth", eager=True, codes="MAR410", outcome="RuntimeError: Error(s)"),
    "protocol-4": Case("protocol4.pth", "w.pth", eager=True, codes="MAR411", outcome=WEIGHTS_ONLY),
    "lfs": Case(LFS, "w.pth", eager=True, codes="MAR403", outcome=WEIGHTS_ONLY),
    "empty": Case(b"", "w.pth", eager=True, codes="MAR404", outcome="EOFError: "),
    "page": Case(b"<!DOCTYPE html><html></html>", "w.pt", codes="MAR404", outcome="RuntimeError: "),
    "truncated": Case(
        "state_dict.pth", "w.pth", True, "MAR405", "RuntimeError: PytorchStreamReader", cut=100
    ),
    "truncated-script": Case("script.pt", "w.pt", codes="MAR405", outcome="RuntimeError: ", cut=1),
}


def weights_of(case: Case, files: Mapping[str, Path]) -> bytes:
    data = case.source if isinstance(case.source, bytes) else files[case.source].read_bytes()
    return data[: len(data) - case.cut]


@pytest.fixture(scope="module")
def outcomes(
    written: Mapping[str, Path],  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """What the worker says of every case, in one process that imports torch once."""
    require_module("ts")
    cases = []
    for name, case in (GOOD | BAD).items():
        directory = tmp_path_factory.mktemp(name)
        for file, data in laid_out(case, written):
            (directory / file).parent.mkdir(exist_ok=True)
            (directory / file).write_bytes(data)
        about = {"name": name, "directory": str(directory), "handler": "base_handler"}
        cases.append(about | {"weights": None, "asked": False})
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=json.dumps(cases),
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith('["'))


def laid_out(case: Case, files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    """The files of a case as the worker finds them."""
    about = examined(case, files)
    yield about.manifest.name, about.manifest.to_json()
    yield case.name, weights_of(case, files)
    if case.eager:
        yield "net.py", NET.encode()


def examined(case: Case, files: Mapping[str, Path]) -> Any:
    members: dict[str, str | bytes] = {case.name: weights_of(case, files)}
    keys = {"serialized_file": case.name}
    if case.eager:
        members, keys = members | {"net.py": NET}, keys | {"model_file": "net.py"}
    return subject(members, "base_handler", **keys)


@pytest.mark.parametrize("name", GOOD | BAD)
def test_finding_and_worker_agree(
    name: str,
    outcomes: Mapping[str, str],
    written: Mapping[str, Path],  # noqa: F811
) -> None:
    """What is found is what the worker fails on, and only that."""
    case = (GOOD | BAD)[name]
    archive = examined(case, written)
    found = [finding.code for each in (serialized_file, loading) for finding in each.check(archive)]

    assert found == case.codes.split()
    assert outcomes[name].startswith(case.outcome), outcomes[name]


def test_prefix_of_compiled(torch: ModuleType) -> None:
    """torch.compile puts before every key what the files of the tests have there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(torch_files.model(torch)).state_dict()

    assert [*compiled] == [*torch_files.prefixed(torch, "_orig_mod.")]
