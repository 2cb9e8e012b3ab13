"""How much memory something takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def bounded(most: int = 48 << 20) -> Iterator[None]:
    """Fail if more bytes of memory are used; skip the test where Python does not count them."""
    tracemalloc = pytest.importorskip("tracemalloc", reason="PyPy does not count memory")
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most
