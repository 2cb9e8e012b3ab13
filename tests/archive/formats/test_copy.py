from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive import archive
from hatch_mar.archive.archive import BytesSource, FileSource
from hatch_mar.archive.formats import copy as copying
from hatch_mar.archive.formats.copy import Framed, bare, copy, counted
from hatch_mar.archive.formats.crc import Tally
from hatch_mar.archive.formats.tgz import stored_blocks
from tests.archives import incompressible

DATA = incompressible(100_000)


@pytest.fixture(params=["bytes", "small file", "large file"])
def source(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BytesSource | FileSource:
    if request.param == "bytes":
        return BytesSource(DATA)
    if request.param == "large file":
        monkeypatch.setattr(copying, "LARGE", 1000)
        for module in (archive, copying):
            monkeypatch.setattr(module, "CHUNK", 1000)
    (tmp_path / "weights").write_bytes(DATA)
    return FileSource(tmp_path / "weights")


@pytest.mark.parametrize("framed", [bare, stored_blocks], ids=["bare", "framed"])
class TestCopy:
    def test_bytes(self, framed: Framed, source: BytesSource | FileSource, tmp_path: Path):
        """The bytes arrive at the file's end, which then stands behind them."""
        tally = Tally()
        with open(tmp_path / "copy", "xb") as file:
            file.write(b"before")
            copy(source, file, tally, int, framed)
            end = file.tell()
            file.write(b"after")

        chunks = b"".join(piece for chunk in source.chunks() for piece in framed(chunk))
        assert b"before" + chunks + b"after" == (tmp_path / "copy").read_bytes()
        assert 6 + len(chunks) == end
        assert (len(DATA), zlib.crc32(DATA)) == (tally.size, tally.crc)

    def test_goes_on(self, framed: Framed, source: BytesSource | FileSource, tmp_path: Path):
        """A tally goes on where it was, as that of a tar whose members come one after the other."""
        tally = Tally()
        with open(tmp_path / "copy", "xb") as file:
            copy(BytesSource(b"1"), file, tally, int, framed)
            copy(source, file, tally, int, framed)
            copy(BytesSource(b"23"), file, tally, int, framed)

        expected = b"1" + DATA + b"23"
        assert (len(expected), zlib.crc32(expected)) == (tally.size, tally.crc)

    def test_moved(self, framed: Framed, source: BytesSource | FileSource, tmp_path: Path):
        """All bytes are told of, as they were read."""
        moved: list[int] = []
        with open(tmp_path / "copy", "xb") as file:
            copy(source, file, Tally(), moved.append, framed)

        assert len(DATA) == sum(moved)


class TestCounted:
    @given(st.lists(st.binary(max_size=100)))
    def test_any(self, chunks: list[bytes]):
        """Chunks go through as they are."""
        tally = Tally()

        assert chunks == list(counted(chunks, tally, int))
        assert (len(b"".join(chunks)), zlib.crc32(b"".join(chunks))) == (tally.size, tally.crc)
