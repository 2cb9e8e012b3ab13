from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar.release.fetching import receive
from tests.release.fetching.web_server import WebServer, run_server


@pytest.fixture
def server() -> Iterator[WebServer]:
    with run_server() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def plain_surroundings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no proxies, and no pauses between tries."""
    for name in tuple(os.environ):
        if name.startswith("HF_") or name.lower().endswith("_proxy") or name in ("NETRC", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setattr(receive, "PAUSES", (0.0,) * 4)
