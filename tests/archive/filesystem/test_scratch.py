from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem.scratch import scratch_directory
from tests.archives import needs_posix

KILLED = """
import os, signal
from hatch_mar.archive.filesystem.scratch import scratch_directory

with scratch_directory("test") as place:
    (place / "large").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class TestScratchDirectory:
    @needs_posix
    def test_private(self, temporary: Path):
        """Nobody else can read what is in it, and nothing is left of it."""
        with scratch_directory("test") as place:
            assert [*place.iterdir()] == []
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
            (place / "large").write_bytes(b"whole")

        assert [*temporary.iterdir()] == []

    @needs_posix
    def test_killed(self, temporary: Path):
        """The next one clears what a killed one has left, and nothing of one that is still at work."""
        environment = {**os.environ, "TMPDIR": str(temporary)}
        subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
        assert [path.name for path in temporary.rglob("large")] == ["large"]

        with scratch_directory("test") as first, scratch_directory("test") as second:
            assert first.is_dir()
            assert second.is_dir()
            assert [*temporary.rglob("large")] == []
