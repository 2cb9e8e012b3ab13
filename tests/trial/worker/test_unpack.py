from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.errors import TrialError
from hatch_mar.trial.worker.unpack import unpack
from tests.archives import MANIFEST, MANIFEST_BYTES, needs_posix, tree


def archive(*members: tuple[str, bytes, bool]) -> Archive:
    return Archive(MANIFEST, tuple(Member(name, BytesSource(data), mode) for name, data, mode in members))


class TestUnpack:
    def test_files(self, tmp_path: Path):
        """All files are in the directory, the manifest among them."""
        made = unpack(archive(("a/b.py", b"1", False)), tmp_path / "model")

        assert tree(made) == {"a/b.py": b"1", "MAR-INF/MANIFEST.json": MANIFEST_BYTES}

    def test_twice(self, tmp_path: Path):
        """Of two members with one name the last wins, as in TorchServe."""
        made = unpack(archive(("a", b"1", False), ("a", b"2", False)), tmp_path / "model")

        assert (made / "a").read_bytes() == b"2"

    @needs_posix
    @pytest.mark.parametrize("modes", [False, True])
    def test_modes(self, modes: bool, tmp_path: Path):
        """TorchServe drops the modes of a zip or tar, and keeps those of a directory."""
        made = unpack(archive(("run.sh", b"", True)), tmp_path / "model", modes=modes)

        assert bool((made / "run.sh").stat().st_mode & 0o100) == modes

    @pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "C:/out", "a\\..\\out"])
    def test_out(self, name: str, tmp_path: Path):
        """A name that leads out of the directory is refused, and nothing is written."""
        with pytest.raises(TrialError, match=r"^Archive member `"):
            unpack(archive(("a", b"", False), (name, b"", False)), tmp_path / "model")
        assert tree(tmp_path) == {}

    def test_file_and_folder(self, tmp_path: Path):
        """Files that cannot be on one disk are an error of one line."""
        with pytest.raises(TrialError, match=r"^Cannot unpack the archive: "):
            unpack(archive(("a", b"", False), ("a/b", b"", False)), tmp_path / "model")
