from __future__ import annotations

import pytest
from fsspec import register_implementation
from fsspec.implementations.memory import MemoryFileSystem

from tests.release.publishing.stores import Conditional


@pytest.fixture(autouse=True)
def empty_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stores in memory are empty."""
    for store in (MemoryFileSystem, Conditional):
        monkeypatch.setattr(store, "store", {})
        monkeypatch.setattr(store, "pseudo_dirs", [""])
    for name in ("before", "uploads", "put"):
        monkeypatch.setattr(Conditional, name, [])
    register_implementation("conditional", Conditional, clobber=True)
