from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.weights import torch_files


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


@pytest.fixture(scope="session")
def written(torch: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Files that torch wrote, by name."""
    folder = tmp_path_factory.mktemp("torch")
    files = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, write in torch_files.WRITERS.items():
            files[name] = folder / name
            write(torch, files[name])
    return files


@pytest.fixture
def load(torch: ModuleType) -> Callable[..., Any]:
    """`torch.load`, its warnings aside."""

    def load(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(*args, **options)

    return load
