from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import PackError, ReleaseError
from hatch_mar.release.publishing.directory import Directory
from hatch_mar.release.publishing.storage import Taken
from tests.archives import needs_posix, tree


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"archive")
    return path


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


class TestCreate:
    @pytest.mark.parametrize("links", [True, False])
    def test_new(self, tmp_path: Path, source: Path, links: bool, monkeypatch: pytest.MonkeyPatch):
        """A file is copied, with its folders, and nothing else stays, even where there are no links."""
        if not links:
            refuse_links(monkeypatch)
        moved: list[int] = []

        Directory(tmp_path / "store").create("a/digits.mar", source, moved.append)

        assert tree(tmp_path / "store") == {"a/digits.mar": b"archive"}
        assert sum(moved) == 7

    @pytest.mark.parametrize("links", [True, False])
    def test_taken(self, tmp_path: Path, source: Path, links: bool, monkeypatch: pytest.MonkeyPatch):
        """What is there stays."""
        if not links:
            refuse_links(monkeypatch)
        (tmp_path / "store").mkdir()
        (tmp_path / "store/digits.mar").write_bytes(b"other")

        with pytest.raises(Taken):
            Directory(tmp_path / "store").create("digits.mar", source, int)

        assert tree(tmp_path / "store") == {"digits.mar": b"other"}

    @pytest.mark.parametrize("links", [True, False])
    def test_empty(self, tmp_path: Path, source: Path, links: bool, monkeypatch: pytest.MonkeyPatch):
        """An empty file is what a killed publisher leaves where there are no links; the next one goes on."""
        if not links:
            refuse_links(monkeypatch)
        (tmp_path / "store").mkdir()
        (tmp_path / "store/digits.mar").touch()
        place = Directory(tmp_path / "store")

        assert place.may_have_left(0)
        place.complete("digits.mar", source, int)

        assert tree(tmp_path / "store") == {"digits.mar": b"archive"}

    def test_other_error(self, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch):
        """What else goes wrong is said in one line, and leaves nothing."""

        def fail(*_: Any, **__: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "link", fail)

        with pytest.raises(PackError, match=r"^Cannot write `.*digits\.mar`: No space left on device$"):
            Directory(tmp_path / "store").create("digits.mar", source, int)
        assert tree(tmp_path / "store") == {}

    @needs_posix
    def test_mode(self, tmp_path: Path, source: Path):
        """A server that runs as another user can read the file, whatever the umask and the source's mode."""
        source.chmod(0o600)
        before = os.umask(0o077)
        try:
            Directory(tmp_path / "store").create("digits.mar", source, int)
        finally:
            os.umask(before)

        assert stat.S_IMODE((tmp_path / "store/digits.mar").stat().st_mode) == 0o644


class TestReplace:
    def test_other(self, tmp_path: Path, source: Path):
        """A file is replaced."""
        (tmp_path / "digits.mar").write_bytes(b"other")

        Directory(tmp_path).replace("digits.mar", source, int)

        assert (tmp_path / "digits.mar").read_bytes() == b"archive"


class TestSize:
    def test_sizes(self, tmp_path: Path, source: Path):
        """A file has a size, and what is not there has none."""
        place = Directory(tmp_path)

        assert place.size("source") == 7
        assert place.size("missing") is None

    def test_file_above(self, tmp_path: Path, source: Path):
        """A file where a directory has to be is found before anything is written."""
        with pytest.raises(PackError, match=r"`[^`]*source` is not a directory; move it away$"):
            Directory(source).size("digits.mar")

    def test_directory(self, tmp_path: Path):
        """A directory in a file's place is not touched."""
        (tmp_path / "digits.mar").mkdir()

        with pytest.raises(ReleaseError, match=r"a directory of that name exists; move it away$"):
            Directory(tmp_path).size("digits.mar")

    @needs_posix
    def test_link(self, tmp_path: Path):
        """A link to nothing is in the way, although there is no file."""
        (tmp_path / "digits.mar").symlink_to("missing")

        with pytest.raises(ReleaseError, match=r"it is a link to nothing; remove it$"):
            Directory(tmp_path).size("digits.mar")


class TestNames:
    def test_names(self, tmp_path: Path):
        """Files in folders are listed."""
        (tmp_path / "store/a").mkdir(parents=True)
        for name in ("a/b.mar", "c.mar"):
            (tmp_path / "store" / name).touch()

        assert Directory(tmp_path).names("store") == ["a/b.mar", "c.mar"]
        assert Directory(tmp_path).names("missing") == []


class TestRemove:
    def test_file(self, tmp_path: Path, source: Path):
        """A file is removed; if there is none, nothing happens."""
        place = Directory(tmp_path)
        for _ in range(2):
            place.remove("source")

        assert not source.exists()


class TestClear:
    def test_abandoned(self, tmp_path: Path):
        """What a killed publisher of a file has left is removed; what is of other files stays."""
        for name in ("digits.mar", "letters.mar"):
            folder = tmp_path / f".{name}.0123456789abcdef.part"
            folder.mkdir()
            (folder / name).write_bytes(b"half")

        Directory(tmp_path).clear("digits.mar")

        assert [*tree(tmp_path)] == [".letters.mar.0123456789abcdef.part/letters.mar"]


class TestRead:
    def test_bytes(self, tmp_path: Path, source: Path):
        """A file is read whole, whatever its sidecar says."""
        place = Directory(tmp_path)

        assert b"".join(place.read("source")) == b"archive"
        assert not place.is_vouched_for("source", "source.sha256")
        assert place.address("source") == str(source)
