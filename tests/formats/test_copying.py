from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive import BytesSource, FileSource
from hatch_mar.formats import copying
from hatch_mar.formats.copying import copy, tallied
from hatch_mar.formats.crc import Tally
from hatch_mar.formats.large_file import LARGE
from tests.archives import incompressible

DATA = incompressible(100_000)


class Faulty:
    """A source that ends before its time."""

    def __init__(self, size: int):
        self._size = size

    def size(self) -> int:
        return self._size

    def chunks(self) -> Iterator[bytes]:
        yield DATA
        raise OSError("no more")


@pytest.fixture(params=["bytes", "small file", "large file"])
def source(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BytesSource | FileSource:
    if request.param == "bytes":
        return BytesSource(DATA)
    if request.param == "large file":
        monkeypatch.setattr(copying, "LARGE", 1000)
    (tmp_path / "weights").write_bytes(DATA)
    return FileSource(tmp_path / "weights")


class TestCopy:
    def test_bytes(self, source: BytesSource | FileSource, tmp_path: Path):
        """The bytes arrive where the file stands, which then stands behind them."""
        with open(tmp_path / "copy", "xb") as file:
            file.write(b"before")
            tally = copy(source, file, int)
            assert 6 + len(DATA) == file.tell()
            file.write(b"after")

        assert b"before" + DATA + b"after" == (tmp_path / "copy").read_bytes()
        assert (len(DATA), zlib.crc32(DATA)) == (tally.size, tally.crc)

    def test_moved(self, source: BytesSource | FileSource, tmp_path: Path):
        """All bytes are told of."""
        moved: list[int] = []
        with open(tmp_path / "copy", "xb") as file:
            copy(source, file, moved.append)

        assert len(DATA) == sum(moved)

    @pytest.mark.parametrize("size", [LARGE - 1, LARGE], ids=["small", "large"])
    def test_fault(self, size: int):
        """What goes wrong while reading goes on, and leaves no thread behind."""
        with pytest.raises(OSError, match=r"^no more$"):
            copy(Faulty(size), io.BytesIO(), int)


class TestTallied:
    @given(st.lists(st.binary(max_size=100)), st.sampled_from([0, LARGE]))
    def test_any(self, chunks: list[bytes], size: int):
        """Chunks go through as they are, whether a second thread helps or not."""
        tally = Tally()

        assert chunks == list(tallied(chunks, size, tally, int))
        assert (len(b"".join(chunks)), zlib.crc32(b"".join(chunks))) == (tally.size, tally.crc)

    def test_goes_on(self):
        """A tally goes on where it was, as that of a tar whose members come one after the other."""
        tally = Tally()
        for chunk in (b"1", b"23"):
            list(tallied([chunk], 1, tally, int))

        assert (3, zlib.crc32(b"123")) == (tally.size, tally.crc)
