from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive import archive
from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.errors import PackError
from tests.archives import MANIFEST, MANIFEST_BYTES, GrowingSource, names, needs_posix


def members(*names: str) -> tuple[Member, ...]:
    return tuple(Member(name, BytesSource(b"")) for name in names)


class TestArchive:
    def test_order(self):
        """Members are in the order of their names' bytes, whatever the locale."""
        given = members("é", "a/b", "a.b", "Z", "\U0001f600", "\uff5e")

        found = [member.name for member in Archive(MANIFEST, given).members]

        assert found == ["Z", "a.b", "a/b", "é", "\uff5e", "\U0001f600"]

    @given(
        st.lists(names, unique=True, max_size=6).flatmap(
            lambda found: st.tuples(st.just(found), st.permutations(found))
        )
    )
    def test_order_of_making_is_forgotten(self, orders: tuple[list[str], list[str]]):
        """Two archives with the same members are equal."""
        one, other = orders

        assert Archive(MANIFEST, members(*one)) == Archive(MANIFEST, members(*other))

    def test_entries(self):
        """The manifest comes before all members."""
        first, *others = Archive(MANIFEST, members("z", "A")).entries()

        assert first.name == "MAR-INF/MANIFEST.json"
        assert b"".join(first.source.chunks()) == MANIFEST_BYTES
        assert [member.name for member in others] == ["A", "z"]


class TestFileSource:
    def test_bytes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file is read completely, a chunk at a time."""
        file = tmp_path / "weights"
        file.write_bytes(b"0123456789")
        monkeypatch.setattr(archive, "CHUNK", 4)

        assert FileSource(file).size() == 10
        assert list(FileSource(file).chunks()) == [b"0123", b"4567", b"89"]

    def test_empty(self, tmp_path: Path):
        """An empty file has no chunks."""
        (tmp_path / "empty").touch()

        assert FileSource(tmp_path / "empty").size() == 0
        assert list(FileSource(tmp_path / "empty").chunks()) == []

    @needs_posix
    def test_pipe(self, tmp_path: Path):
        """A pipe that took the file's place is refused, and nobody is waited for."""
        os.mkfifo(tmp_path / "pipe")
        source = FileSource(tmp_path / "pipe")

        with pytest.raises(OSError, match="not a regular file"):
            source.open()
        with pytest.raises(OSError, match="not a regular file"):
            list(source.chunks())

    def test_is_read_late(self, tmp_path: Path):
        """The content is that of the moment when the file is packed."""
        source = FileSource(tmp_path / "late")
        (tmp_path / "late").write_bytes(b"later")

        assert b"".join(source.chunks()) == b"later"

    def test_grown(self, tmp_path: Path):
        """A file that grows while it is read is an error that names it."""
        file = tmp_path / "weights"
        file.write_bytes(b"0123456789")

        with pytest.raises(PackError) as error:
            list(GrowingSource(file).chunks())

        expected = f"File changed while it was packed: `{file}`; build again once it is complete"
        assert str(error.value) == expected

    def test_truncated(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that shrinks while it is read is an error."""
        file = tmp_path / "weights"
        file.write_bytes(b"0123456789")
        monkeypatch.setattr(archive, "CHUNK", 4)
        chunks = FileSource(file).chunks()
        next(chunks)
        os.truncate(file, 5)

        with pytest.raises(PackError, match=r"^File changed while it was packed"):
            list(chunks)

    def test_short(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that ends before its size is an error, whatever its times say."""
        file = tmp_path / "weights"
        file.write_bytes(b"0123456789")
        longer = os.stat_result([*os.stat(file)[:6], 11, *os.stat(file)[7:10]])
        monkeypatch.setattr(os, "fstat", lambda _: longer)

        with pytest.raises(PackError, match=r"^File changed while it was packed: "):
            list(FileSource(file).chunks())

    def test_rewritten(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file that is rewritten while it is read is an error, even with the same size."""
        file = tmp_path / "weights"
        file.write_bytes(b"0123456789")
        monkeypatch.setattr(archive, "CHUNK", 4)
        chunks = FileSource(file).chunks()
        next(chunks)
        file.write_bytes(b"9876543210")
        os.utime(file, (2e9, 2e9))

        with pytest.raises(PackError, match=r"^File changed while it was packed"):
            list(chunks)


class TestBytesSource:
    @given(st.binary(max_size=40))
    def test_bytes(self, data: bytes):
        """All bytes are given, a chunk at a time."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(archive, "CHUNK", 16)
            chunks = list(BytesSource(data).chunks())

        assert len(data) == BytesSource(data).size()
        assert data == b"".join(chunks)
        assert all(0 < len(chunk) <= 16 for chunk in chunks)
