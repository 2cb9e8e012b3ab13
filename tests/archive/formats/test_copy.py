from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive import archive
from hatch_mar.archive.archive import CHUNK, BytesSource, FileSource, Member
from hatch_mar.archive.formats import copy as module
from hatch_mar.archive.formats.copy import (
    MOST_THREADS,
    POSSIBLE,
    Frame,
    copy,
    copy_large_file,
    cores,
    leave_bare,
    refuse_change,
    tally_chunks,
)
from hatch_mar.archive.formats.crc import Tally
from hatch_mar.archive.formats.tgz import stored_blocks
from hatch_mar.errors import PackError
from tests.archives import incompressible
from tests.memory import bounded

needs_pread = pytest.mark.skipif(not POSSIBLE, reason="Windows has no `pread` and `pwrite`")

DATA = incompressible(100_003)


@pytest.fixture(params=["bytes", "small file", "large file"])
def source(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BytesSource | FileSource:
    if request.param == "bytes":
        return BytesSource(DATA)
    if request.param == "large file":
        monkeypatch.setattr(module, "LARGE", 1000)
        for each in (archive, module):
            monkeypatch.setattr(each, "CHUNK", 1000)
    (tmp_path / "weights").write_bytes(DATA)
    return FileSource(tmp_path / "weights")


@pytest.mark.parametrize("frame", [leave_bare, stored_blocks], ids=["bare", "framed"])
class TestCopy:
    def test_bytes(self, frame: Frame, source: BytesSource | FileSource, tmp_path: Path):
        """The bytes are written at the file's end, and the file is left after them."""
        tally = Tally()
        with open(tmp_path / "copy", "xb") as file:
            file.write(b"before")
            copy(source, file, tally, int, frame)
            end = file.tell()
            file.write(b"after")

        chunks = b"".join(piece for chunk in source.chunks() for piece in frame(chunk))
        assert (tmp_path / "copy").read_bytes() == b"before" + chunks + b"after"
        assert end == 6 + len(chunks)
        assert (tally.size, tally.crc) == (len(DATA), zlib.crc32(DATA))

    def test_goes_on(self, frame: Frame, source: BytesSource | FileSource, tmp_path: Path):
        """A tally goes on where it was, as that of a tar does from member to member."""
        tally = Tally()
        with open(tmp_path / "copy", "xb") as file:
            copy(BytesSource(b"1"), file, tally, int, frame)
            copy(source, file, tally, int, frame)
            copy(BytesSource(b"23"), file, tally, int, frame)

        expected = b"1" + DATA + b"23"
        assert (tally.size, tally.crc) == (len(expected), zlib.crc32(expected))

    def test_report(self, frame: Frame, source: BytesSource | FileSource, tmp_path: Path):
        """All bytes are reported as they were read, without what frames them."""
        counts: list[int] = []
        with open(tmp_path / "copy", "xb") as file:
            copy(source, file, Tally(), counts.append, frame)

        assert sum(counts) == len(DATA)


class TestTallyChunks:
    @given(st.lists(st.binary(max_size=100)))
    def test_any(self, chunks: list[bytes]):
        """Chunks pass unchanged."""
        tally = Tally()

        assert list(tally_chunks(chunks, tally, int)) == chunks
        assert (tally.size, tally.crc) == (len(b"".join(chunks)), zlib.crc32(b"".join(chunks)))


class TestRefuseChange:
    def test_same(self):
        refuse_change(Member("a", BytesSource(b"")), 5, 5)

    @pytest.mark.parametrize("tallied", [4, 6])
    def test_other(self, tallied: int):
        """A member with more or fewer bytes than its header says is an error."""
        expected = r"^File changed before it was packed: `a`; build again once it is complete$"

        with pytest.raises(PackError, match=expected):
            refuse_change(Member("a", BytesSource(b"")), 5, tallied)


@pytest.fixture
def file_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileSource:
    """A file of many small chunks."""
    monkeypatch.setattr(module, "CHUNK", 1000)
    monkeypatch.setattr(module, "RUN", 3000)
    (tmp_path / "weights").write_bytes(DATA)
    return FileSource(tmp_path / "weights")


def copy_to(path: Path, source: FileSource, report: Callable[[int], object] = int) -> Tally:
    tally = Tally()
    with open(path, "xb") as file:
        copy_large_file(source, file, tally, report)
    return tally


@needs_pread
class TestCopyLargeFile:
    @pytest.mark.parametrize("number", [1, 2, 16])
    @pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2999, 3000, 3001, len(DATA)])
    def test_cores(
        self,
        number: int,
        size: int,
        file_source: FileSource,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """However many cores there are, the bytes and their CRC are the same."""
        monkeypatch.setattr(module, "cores", lambda: number)
        file_source.path.write_bytes(DATA[:size])
        tally = copy_to(tmp_path / "copy", file_source)

        assert (tmp_path / "copy").read_bytes() == DATA[:size]
        assert (tally.size, tally.crc) == (size, zlib.crc32(DATA[:size]))

    @pytest.mark.parametrize("number", [1, 2, 16])
    def test_error(
        self, number: int, file_source: FileSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """An error in one thread ends all of them, and is raised."""
        monkeypatch.setattr(module, "cores", lambda: number)
        counts: list[int] = []
        before = threading.enumerate()

        def fail(count: int) -> None:
            counts.append(count)
            raise OSError("no space left")

        with pytest.raises(OSError, match=r"^no space left$"):
            copy_to(tmp_path / "copy", file_source, fail)

        assert len(counts) <= number
        assert threading.enumerate() == before

    @pytest.mark.parametrize("change", ["grown", "shrunk", "rewritten"])
    def test_changed(self, change: str, file_source: FileSource, tmp_path: Path):
        """A file that changes while it is copied is refused."""
        later = os.stat(file_source.path).st_mtime_ns + 10**9

        def change_file(count: int) -> None:
            if change == "grown":
                with open(file_source.path, "ab") as file:
                    file.write(b"more")
            elif change == "shrunk":
                os.truncate(file_source.path, 5000)
            os.utime(file_source.path, ns=(later, later))

        with pytest.raises(PackError, match=r"^File changed while it was packed: "):
            copy_to(tmp_path / "copy", file_source, change_file)

    def test_replaced(self, file_source: FileSource, tmp_path: Path):
        """A file that is replaced while it is copied is copied as it was."""
        (tmp_path / "other").write_bytes(b"other")

        def replace(count: int) -> None:
            with suppress(FileNotFoundError):
                os.replace(tmp_path / "other", file_source.path)

        copy_to(tmp_path / "copy", file_source, replace)

        assert (tmp_path / "copy").read_bytes() == DATA

    def test_short_reads_and_writes(
        self, file_source: FileSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """A file system that takes or gives less at a time is asked again."""
        pread, pwrite, pwritev = os.pread, os.pwrite, os.pwritev
        monkeypatch.setattr(os, "pread", lambda file, size, place: pread(file, min(size, 300), place))
        monkeypatch.setattr(os, "pwritev", lambda file, data, place: pwritev(file, [data[0][:300]], place))
        monkeypatch.setattr(os, "pwrite", lambda file, data, place: pwrite(file, data[:300], place))
        tally = copy_to(tmp_path / "copy", file_source)

        assert (tmp_path / "copy").read_bytes() == DATA
        assert tally.crc == zlib.crc32(DATA)

    def test_memory(self, tmp_path: Path):
        """Memory holds no more than a chunk for each thread."""
        with open(tmp_path / "weights", "xb") as file:
            file.truncate(64 * CHUNK)

        with bounded((MOST_THREADS + 2) * CHUNK):
            copy_to(tmp_path / "copy", FileSource(tmp_path / "weights"))


class TestCores:
    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux pins a process to cores")
    def test_pinned(self):
        """The number is that of the process, not of the machine, since a container may have few."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, [min(before)])
        try:
            assert cores() == 1
        finally:
            os.sched_setaffinity(0, before)
