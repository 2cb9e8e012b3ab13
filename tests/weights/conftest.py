from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.weights import torch_files


class Written(Mapping[str, Path]):
    """Files that torch wrote, by name, each of which is written when it is first asked for."""

    def __init__(self, torch: ModuleType, folder: Path) -> None:
        self.torch, self.folder = torch, folder

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch_files.WRITERS[name](self.torch, path)
        return path

    def __iter__(self) -> Iterator[str]:
        return iter(torch_files.WRITERS)

    def __len__(self) -> int:
        return len(torch_files.WRITERS)


@pytest.fixture(scope="session")
def written(torch: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return Written(torch, tmp_path_factory.mktemp("torch"))


@pytest.fixture
def load(torch: ModuleType) -> Callable[..., Any]:
    """`torch.load` without its warnings."""

    def load(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(*args, **options)

    return load
