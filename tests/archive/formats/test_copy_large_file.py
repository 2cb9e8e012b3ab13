from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hatch_mar.archive.archive import CHUNK, FileSource
from hatch_mar.archive.formats import copy as large_file
from hatch_mar.archive.formats.copy import POSSIBLE, copy_large_file
from hatch_mar.archive.formats.crc import Tally
from hatch_mar.errors import PackError
from tests.archives import incompressible

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="Windows has no `pread` and `pwrite`")

DATA = incompressible(100_003)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileSource:
    """A file of many small chunks."""
    monkeypatch.setattr(large_file, "CHUNK", 1000)
    monkeypatch.setattr(large_file, "RUN", 3000)
    (tmp_path / "weights").write_bytes(DATA)
    return FileSource(tmp_path / "weights")


def copied(source: FileSource, path: Path, moved: Callable[[int], object] = int) -> Tally:
    tally = Tally()
    with open(path, "xb") as file:
        copy_large_file(source, file, tally, moved)
    return tally


@pytest.mark.parametrize("cores", [1, 2, 16])
class TestThreads:
    @pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2999, 3000, 3001, len(DATA)])
    def test_same(
        self, cores: int, size: int, source: FileSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """However many there are, the bytes and their CRC are the same."""
        monkeypatch.setattr(large_file, "cores", lambda: cores)
        source.path.write_bytes(DATA[:size])
        tally = copied(source, tmp_path / "copy")

        assert DATA[:size] == (tmp_path / "copy").read_bytes()
        assert (size, zlib.crc32(DATA[:size])) == (tally.size, tally.crc)

    def test_fault(self, cores: int, source: FileSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """What goes wrong in one ends all of them, and goes on."""
        monkeypatch.setattr(large_file, "cores", lambda: cores)
        moved: list[int] = []
        before = threading.enumerate()

        def full(count: int) -> None:
            moved.append(count)
            raise OSError("no space left")

        with pytest.raises(OSError, match=r"^no space left$"):
            copied(source, tmp_path / "copy", full)

        assert len(moved) <= cores
        assert before == threading.enumerate()


class TestMeanwhile:
    @pytest.mark.parametrize("change", ["grown", "shrunk", "rewritten"])
    def test_changed(self, change: str, source: FileSource, tmp_path: Path):
        """A file that changes while it is copied is refused."""
        later = os.stat(source.path).st_mtime_ns + 10**9

        def changes(count: int) -> None:
            if change == "grown":
                with open(source.path, "ab") as file:
                    file.write(b"more")
            elif change == "shrunk":
                os.truncate(source.path, 5000)
            os.utime(source.path, ns=(later, later))

        with pytest.raises(PackError, match=r"^File changed while it was packed: "):
            copied(source, tmp_path / "copy", changes)

    def test_replaced(self, source: FileSource, tmp_path: Path):
        """A file that is replaced while it is copied is copied as it was."""
        (tmp_path / "other").write_bytes(b"other")

        def replaces(count: int) -> None:
            with suppress(FileNotFoundError):
                os.replace(tmp_path / "other", source.path)

        copied(source, tmp_path / "copy", replaces)

        assert (tmp_path / "copy").read_bytes() == DATA


class TestShort:
    def test_reads_and_writes(self, source: FileSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file system that takes or gives less at a time is asked again."""
        pread, pwrite, pwritev = os.pread, os.pwrite, os.pwritev
        monkeypatch.setattr(os, "pread", lambda file, size, place: pread(file, min(size, 300), place))
        monkeypatch.setattr(os, "pwritev", lambda file, data, place: pwritev(file, [data[0][:300]], place))
        monkeypatch.setattr(os, "pwrite", lambda file, data, place: pwrite(file, data[:300], place))
        tally = copied(source, tmp_path / "copy")

        assert (tmp_path / "copy").read_bytes() == DATA
        assert zlib.crc32(DATA) == tally.crc


def test_memory(tmp_path: Path):
    """No more is held than a chunk a thread."""
    import tracemalloc

    with open(tmp_path / "weights", "xb") as file:
        file.truncate(64 * CHUNK)
    tracemalloc.start()
    try:
        copied(FileSource(tmp_path / "weights"), tmp_path / "copy")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < (large_file.MOST_THREADS + 2) * CHUNK
