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

Publish = Callable[..., str]

EXAMPLE = CHECKOUT / "example_project"
MODELS = ("digits", "digits-scripted")
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
def publish(example: Path, run: Run) -> Publish:
    def publish(*arguments: str | Path) -> str:
        command = ("python", "-m", "hatch_mar", "publish", *arguments)
        return run(*command, cwd=example, PYTHONPATH=str(CHECKOUT))

    return publish


@pytest.fixture(autouse=True)
def needs_torchserve() -> None:
    if (reason := missing()) and os.environ.get("CI") != "true":
        pytest.skip(reason)


def compare(server: TorchServe, model: str) -> None:
    """Assert that a sample's answer is that of the training script."""
    expected = json.loads((EXAMPLE / "samples" / "expected.json").read_text(encoding="utf-8"))["seven.json"]
    answer = json.loads(server.predict(model, (EXAMPLE / "samples" / "seven.json").read_bytes()))
    assert answer["digit"] == expected["digit"]
    for digit, probability in expected["probabilities"].items():
        assert math.isclose(answer["probabilities"][digit], probability, abs_tol=1e-4)


def test_kserve(publish: Publish, tmp_path: Path) -> None:
    """A TorchServe that starts on the folder as KServe's does has all models loaded, and answers."""
    folder = tmp_path / "kserve"
    publish("--to", folder, "--layout", "kserve")

    store, properties = folder / "model-store", folder / "config" / "config.properties"
    with TorchServe(store, tmp_path / "work", properties=properties) as server:
        for model in MODELS:
            server.wait_until_ready(model)
            [state] = server.describe(model)

            # as in model-config.yaml, which the snapshot would overrule
            assert (state["modelVersion"], state["batchSize"], state["maxBatchDelay"]) == ("1.0.0", 4, 50)
            compare(server, model)


def test_sagemaker(publish: Publish, tmp_path: Path) -> None:
    """A `.mar` becomes what SageMaker unpacks and serves as a directory."""
    publish("digits", "--to", tmp_path / "bucket", "--layout", "sagemaker")
    unpacked = tmp_path / "opt" / "ml" / "model"
    shutil.unpack_archive(tmp_path / "bucket" / "model.tar.gz", unpacked)

    with TorchServe(unpacked.parent, tmp_path / "work", models=[f"model={unpacked}"]) as server:
        server.wait_until_ready("model")
        compare(server, "model")
