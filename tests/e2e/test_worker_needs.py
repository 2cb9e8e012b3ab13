"""What pickles and TorchScript ask of the worker: what the checks say, and what TorchServe does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType

import pytest

from hatch_mar.checks import loading, map_location, torchscript_needs
from hatch_mar.checks.subject import Subject
from tests.checks import NET, subject
from tests.checks.test_map_location import GPU
from tests.checks.test_pickled_classes import pickled
from tests.e2e.conftest import DEADLINE, require_module
from tests.e2e.test_worker_handler import WORKER, environment, unpack

HANDLER = """\
import pathlib, sys, torch
{before}
class Handler:
    def initialize(self, context):
        self.model = {load}
    def handle(self, data, context):
        return [str(self.model(torch.zeros(2)).sum().item())]
"""
SCRIPTED = "torch.jit.load('w.pt', map_location='cpu')"
PLACED = "import __main__, net\n__main__.Net = net.Net"
REPLACED = "pathlib.WindowsPath = pathlib.PosixPath"
DEFINED = "library = torch.library.Library('acme', 'DEF')\nlibrary.define('twice(Tensor x) -> Tensor')"


@dataclass(frozen=True)
class Case:
    """Weights and what loads them; the codes found, and what the worker says."""

    weights: bytes | str
    """Bytes, or the name of a file that torch writes."""
    codes: str = ""
    outcome: str = "loaded"
    before: str = ""
    load: str = "torch.load('w.pt', weights_only=False)"
    asked: bool = False
    files: Mapping[str, str] = field(default_factory=dict)

    def subject(self, written: Mapping[str, bytes]) -> Subject:
        handler = HANDLER.format(before=self.before, load=self.load)
        weights = written[self.weights] if isinstance(self.weights, str) else self.weights
        return subject({"h.py": handler, "w.pt": weights, **self.files}, serialized_file="w.pt")


NO_MAIN = "Can't get attribute 'Net' on <module '__main__'"
NO_WINDOWS = "cannot instantiate 'WindowsPath' on your system"
NO_OPERATOR = "Unknown builtin op: acme::twice"
NO_GPU = "Attempting to deserialize object on a CUDA device"
WITH_NET = {"net.py": NET}
EMPTY_PACKAGE = {"models/__init__.py": ""}

CASES = {
    "main": Case(pickled("__main__.Net"), "MAR416", NO_MAIN),
    "main-placed": Case(pickled("__main__.Net"), "MAR412", before=PLACED, files=WITH_NET),
    "windows": Case(pickled("pathlib.WindowsPath"), "MAR417", NO_WINDOWS),
    "windows-replaced": Case(pickled("pathlib.WindowsPath"), "MAR412", before=REPLACED),
    "windows-module": Case(pickled("nt.stat_result"), "MAR417", "No module named 'nt'"),
    "absent": Case(pickled("models.net.Net"), "MAR418", "No module named 'models'"),
    "lacking": Case(pickled("net.Other"), "MAR419", "Can't get attribute 'Other' on", files=WITH_NET),
    "module": Case(pickled("models.a.B"), "MAR419", "No module named 'models.a'", files=EMPTY_PACKAGE),
    "packed": Case(pickled("net.Net"), "MAR412", files=WITH_NET),
    "operator": Case("operator", "MAR431", NO_OPERATOR, load=SCRIPTED),
    "operator-defined": Case("operator", before=DEFINED, load=SCRIPTED),
    # what TorchServe makes of any error about CUDA (ts/service.py, `predict`)
    "gpu-in-code": Case("gpu", "MAR432", "Out of resources", load=SCRIPTED, asked=True),
    "gpu": Case(GPU, "MAR433", NO_GPU, load="torch.load('w.pt')"),
    "gpu-mapped": Case(GPU, load="torch.load('w.pt', map_location='cpu')"),
}


@pytest.fixture(scope="module")
def written(torch: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """TorchScript with an operator that only this process has, and with a device of its own."""
    library = torch.library.Library("acme", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    path = tmp_path_factory.mktemp("written") / "w.pt"

    def save(name: str, body: str) -> bytes:
        script = type(name, (torch.jit.ScriptModule,), {})()
        script.define(f"def forward(self, x):\n    return {body}\n")
        script.save(path)
        return path.read_bytes()

    return {
        "operator": save("Operator", "torch.ops.acme.twice(x)"),
        "gpu": save("Gpu", "x.to(torch.device('cuda:0'))"),
    }


@pytest.fixture(scope="module")
def outcomes(written: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the worker says of every case."""
    require_module("ts")
    asked = []
    for name, case in CASES.items():
        directory = tmp_path_factory.mktemp(name)
        unpack(case.subject(written), directory)
        about = {"name": name, "directory": str(directory), "handler": "h.py"}
        asked.append(about | {"weights": None, "asked": case.asked})
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=json.dumps(asked),
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith('["'))


def find_codes(of: Subject) -> Iterator[str]:
    return (finding.code for each in (loading, torchscript_needs, map_location) for finding in each.check(of))


@pytest.mark.parametrize("name", CASES)
def test_finding_and_worker_agree(
    name: str, outcomes: Mapping[str, str], written: Mapping[str, bytes]
) -> None:
    """What is found is what the worker fails on, and only that."""
    case = CASES[name]

    assert case.outcome in outcomes[name]
    assert list(find_codes(case.subject(written))) == case.codes.split()
