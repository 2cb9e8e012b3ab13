"""Published archives, loaded by a TorchServe from where a layout puts them."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import CHECKOUT, Run
from tests.e2e.torchserve import TorchServe, missing

HatchMar = Callable[..., str]

EXAMPLE = CHECKOUT / "example_project"
NEEDS_NETWORK = 'requirements-file = "requirements.txt"\n'
"""TorchServe would install them from the package index."""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example project, without requirements."""
    shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("dist", "__pycache__"))
    pyproject = tmp_path / "example" / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    assert NEEDS_NETWORK in text
    pyproject.write_text(text.replace(NEEDS_NETWORK, ""), encoding="utf-8")
    return tmp_path / "example"


@pytest.fixture
def hatch_mar(example: Path, run: Run) -> HatchMar:
    """Runs a command in the project."""

    def hatch_mar(*command: str | Path) -> str:
        return run("python", "-m", "hatch_mar", *command, cwd=example, PYTHONPATH=str(CHECKOUT))

    return hatch_mar


@pytest.fixture(autouse=True)
def needs_torchserve() -> None:
    if (reason := missing()) and os.environ.get("CI") != "true":
        pytest.skip(reason)


def compare(server: TorchServe, model: str, version: str | None = None) -> None:
    """Assert that a sample's answer is that of the training script."""
    expected = json.loads((EXAMPLE / "samples" / "expected.json").read_text(encoding="utf-8"))["seven.json"]
    sample = (EXAMPLE / "samples" / "seven.json").read_bytes()
    answer = json.loads(server.predict(model, sample, version=version))
    assert answer["digit"] == expected["digit"]
    for digit, probability in expected["probabilities"].items():
        assert math.isclose(answer["probabilities"][digit], probability, abs_tol=1e-4)


def test_kserve(example: Path, hatch_mar: HatchMar, tmp_path: Path) -> None:
    """A TorchServe that starts on the folder as KServe's does has all models and versions, and answers."""
    hatch_mar("build", "digits", "--output", tmp_path / "old")
    pyproject = example / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(text.replace('version = "1.0.0"', 'version = "1.10.0+cpu"'), encoding="utf-8")
    folder = tmp_path / "kserve"
    archives = ("digits", "digits-scripted", tmp_path / "old" / "digits.mar")
    hatch_mar("publish", *archives, "--to", folder, "--layout", "kserve")

    store, properties = folder / "model-store", folder / "config" / "config.properties"
    with TorchServe(store, tmp_path / "work", properties=properties) as server:
        for model in ("digits", "digits-scripted"):
            server.wait_until_ready(model)
            [state] = server.describe(model)

            assert state["modelVersion"] == "1.10.0+cpu"
            # as in model-config.yaml, which the snapshot would overrule
            assert (state["batchSize"], state["maxBatchDelay"], state["responseTimeout"]) == (4, 50, 60)
            compare(server, model)
        compare(server, "digits", "1.0.0")


def test_sagemaker(hatch_mar: HatchMar, tmp_path: Path) -> None:
    """A `.mar` becomes what SageMaker unpacks and serves as a directory."""
    hatch_mar("publish", "digits", "--to", tmp_path / "bucket", "--layout", "sagemaker")
    unpacked = tmp_path / "opt" / "ml" / "model"
    shutil.unpack_archive(tmp_path / "bucket" / "model.tar.gz", unpacked)

    with TorchServe(unpacked.parent, tmp_path / "work", models=[f"model={unpacked}"]) as server:
        server.wait_until_ready("model")
        compare(server, "model")
