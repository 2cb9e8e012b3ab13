"""The example project, built by real frontends and served by a real TorchServe."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.torchserve import TorchServe, missing

CHECKOUT = Path(__file__).parents[2]
ARCHIVES = ("digits.mar", "digits-scripted.mar")
TYPES = {".json": "application/json", ".png": "image/png"}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a clone holds, so that a build leaves the checkout as it is."""
    work = tmp_path_factory.mktemp("example")
    for folder in ("hatch_mar", "example_project"):
        ignored = shutil.ignore_patterns("dist", "__pycache__")
        shutil.copytree(CHECKOUT / folder, work / folder, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / file, work)
    return work


@pytest.fixture(scope="module", params=["hatch build", "python -m build"])
def built(request: pytest.FixtureRequest, work: Path, plugin_wheel: Path) -> Path:
    """The example's `dist`, as each frontend leaves it."""
    project = work / "example_project"
    shutil.rmtree(project / "dist", ignore_errors=True)
    environ = os.environ | {
        "HATCH_DATA_DIR": str(work / "hatch-data"),
        # a released hatch-mar would come from the index
        "PIP_FIND_LINKS": f"{plugin_wheel.parent} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
    }
    command = ["hatch", *request.param.split()[1:]] if request.param == "hatch build" else ["build"]
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return project / "dist"


def test_dist_holds_a_wheel_an_sdist_and_both_archives(built: Path) -> None:
    """A build leaves exactly the four artifacts."""
    expected = {*ARCHIVES, "digits_model-1.0.0-py3-none-any.whl", "digits_model-1.0.0.tar.gz"}
    assert {path.name for path in built.iterdir()} == expected


def test_torchserve_answers_as_the_training_script_did(built: Path, tmp_path: Path) -> None:
    """Every committed sample gets its committed answer, from both archives."""
    if (reason := missing()) and os.environ.get("CI") != "true":
        pytest.skip(reason)
    samples = CHECKOUT / "example_project" / "samples"
    expected = json.loads((samples / "expected.json").read_text())
    with TorchServe(built, tmp_path) as server:
        for archive in ARCHIVES:
            model = server.register(archive)
            server.wait_until_ready(model)
            for name, answer in expected.items():
                sample = samples / name
                given = json.loads(server.predict(model, sample.read_bytes(), TYPES[sample.suffix]))
                assert answer["digit"] == given["digit"], (model, name)
                for digit, probability in answer["probabilities"].items():
                    assert math.isclose(probability, given["probabilities"][digit], abs_tol=1e-4)
