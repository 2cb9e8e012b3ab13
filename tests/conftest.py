from __future__ import annotations

import io
import os
import pickle
import signal
import warnings
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

settings.register_profile("hatch-mar", deadline=None, database=None, max_examples=60, derandomize=True)
settings.load_profile("hatch-mar")

# a shell's background job ignores Ctrl-C, and so would what the tests start
signal.signal(signal.SIGINT, signal.default_int_handler)


def checkpoint() -> bytes:
    """A state dict without entries, as `torch.save` writes it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(zipfile.ZipInfo("model/data.pkl"), pickle.dumps({}, protocol=2))
        file.writestr(zipfile.ZipInfo("model/byteorder"), b"little")
        file.writestr(zipfile.ZipInfo("model/version"), b"3\n")
    return data.getvalue()


FILES = {
    "model.py": b"class Net: ...\n",
    "handler.py": b"def handle(data, context):\n    return data\n",
    "index_to_name.json": b'{"0": "zero"}\n',
    "requirements.txt": b"numpy\n",
    "model-config.yaml": b"minWorkers: 1\n",
    "weights/model.pth": checkpoint(),
}


BUILD_VARIABLES = ("SOURCE_DATE_EPOCH", "PIP_BUILD_TRACKER", "CIBUILDWHEEL")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets what a build's environment may set."""
    for name in tuple(os.environ):
        if name.startswith("HATCH_") or name in BUILD_VARIABLES:
            monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of a small model, and no `pyproject.toml`."""
    root = tmp_path / "project"
    for name, data in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """torch, whose import may warn; a test that needs it is skipped without it, but never under CI."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torch
        except ImportError:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip("torch is not installed")
    return torch
