from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem.writeback import settle
from tests.archives import needs_posix

needs_linux = pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="this system has no fdatasync")


class TestSettle:
    def test_file(self, tmp_path: Path):
        """The bytes stay as they are, and so do the times."""
        file = tmp_path / "file"
        file.write_bytes(b"data")
        before = file.stat()

        assert settle(file)
        assert (file.read_bytes(), file.stat().st_mtime_ns) == (b"data", before.st_mtime_ns)

    @needs_posix
    def test_missing(self, tmp_path: Path):
        """A file that cannot be opened is not settled."""
        assert not settle(tmp_path / "missing")

    @needs_linux
    @pytest.mark.parametrize(("number", "expected"), [(errno.EIO, False), (errno.EINVAL, True)])
    def test_error(self, number: int, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A disk that fails is told from a file system that has nothing to bring there."""
        (tmp_path / "file").touch()

        def fail(descriptor: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fdatasync", fail)
        assert settle(tmp_path / "file") == expected

    @needs_linux
    def test_mapped(self, tmp_path: Path):
        """A write into a mapped page that was written before gives the file another time again."""
        path, other = tmp_path / "file", tmp_path / "other"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[0] = 1
            if not settle(path):
                pytest.fail("the file was not brought to the disk")
            before = path.stat().st_mtime_ns
            while other.write_bytes(b"") or other.stat().st_mtime_ns <= before:
                pass  # until the file system's clock has moved on
            mapped[0] = 2
            if path.stat().st_mtime_ns == before and is_in_memory(tmp_path):
                pytest.skip("files in memory keep the time of the first write")

            assert path.stat().st_mtime_ns > before


def is_in_memory(folder: Path) -> bool:
    """Whether a folder is on a file system that has no disk, by the mounts that Linux lists."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    around = [fields for fields in mounts if folder.is_relative_to(fields[1])]
    return max(around, key=lambda fields: len(fields[1]))[2] in ("tmpfs", "ramfs", "overlay")
