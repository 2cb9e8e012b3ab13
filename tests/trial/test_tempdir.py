from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from hatch_mar.trial.tempdir import LONGEST_SOCKET, SOCKET, private_directory
from tests.archives import needs_posix


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class TestPrivateDirectory:
    @needs_posix
    def test_mode(self):
        """Nobody else can read it."""
        with private_directory() as place:
            assert place.stat().st_mode & 0o777 == 0o700

    def test_gone(self, temporary: Path):
        """Nothing is left of it, whatever was put there and however it ends."""

        def fail() -> None:
            with private_directory() as place:
                (place / "folder").mkdir()
                (place / "folder" / "file").touch()
                (place / "folder").chmod(0o500)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert list(temporary.iterdir()) == []

    @needs_posix
    def test_sockets(self, temporary: Path, monkeypatch: pytest.MonkeyPatch):
        """If its path would be too long for a socket, another one is taken."""
        deep = temporary / ("d" * 90)
        deep.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(deep))
        with private_directory() as place:
            assert len(os.fsencode(place / "tmp" / SOCKET)) <= LONGEST_SOCKET
        assert not place.exists()
        assert list(deep.iterdir()) == []
