from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.filesystem.folder import HAS_DESCRIPTORS, Folder
from hatch_mar.archive.packager.records import (
    OWNER,
    STAMP,
    has_records,
    read_record,
    recorded_names,
    remove_record,
    remove_records,
    write_record,
)
from hatch_mar.archive.packager.records_folder import lock_records
from tests.archive.packager import record_file
from tests.archives import needs_posix, tree


@pytest.fixture(params=["digits.mar", "a" * 251 + ".mar"], ids=["short", "long"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


def record(path: Path, kind: str, text: str = "text") -> None:
    with lock_records(path):
        write_record(path, kind, text)


class TestRecord:
    def test_read(self, path: Path):
        """A record is what was written last, and each kind is one of its own."""
        for text in ("old", "né"):
            record(path, STAMP, text)

        assert [read_record(path, kind) for kind in (STAMP, OWNER)] == ["né", ""]

    def test_alone(self, path: Path):
        """Nothing but the record is in its folder."""
        record(path, OWNER)

        assert [*record_file(path, OWNER).parent.iterdir()] == [record_file(path, OWNER)]

    @pytest.mark.parametrize("data", [b"\x80", None], ids=["binary", "folder"])
    def test_unreadable(self, data: bytes | None, path: Path):
        """What is not text counts as no record."""
        record(path, OWNER)
        file = record_file(path, OWNER)
        file.unlink()
        if data is None:
            file.mkdir()
        else:
            file.write_bytes(data)

        assert read_record(path, OWNER) == ""

    def test_nowhere(self, path: Path):
        """A file in the place of the folder stays, and nothing is recorded."""
        (path.parent / ".hatch").write_bytes(b"a file")
        record(path, OWNER)
        with lock_records(path):
            remove_records(path)

        assert read_record(path, OWNER) == ""
        assert (path.parent / ".hatch").read_bytes() == b"a file"

    @needs_posix
    def test_read_only(self, tmp_path: Path):
        """Where the project's directory cannot be written, nothing is recorded."""
        (tmp_path / "pyproject.toml").touch()
        (tmp_path / "dist").mkdir()
        tmp_path.chmod(0o500)
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        try:
            record(tmp_path / "dist" / "digits.mar", OWNER)
        finally:
            tmp_path.chmod(0o700)

        assert set(os.listdir(tmp_path)) == {"dist", "pyproject.toml"}
        assert os.listdir(tmp_path / "dist") == []


@needs_posix
class TestPlanted:
    """What somebody else has put in the place of hatch-mar's own files."""

    @pytest.fixture
    def file(self, path: Path, tmp_path: Path) -> Path:
        (tmp_path / "pyproject.toml").write_bytes(b"another's")
        record(path, OWNER, "old")
        return record_file(path, OWNER)

    @pytest.mark.parametrize("suffix", ["", ".new"])
    @pytest.mark.parametrize("how", [os.symlink, os.link])
    def test_link(
        self, how: Callable[[Path, Path], None], suffix: str, file: Path, path: Path, tmp_path: Path
    ):
        """A link at a record or its draft is replaced, and the file it leads to is as it was."""
        planted = file.with_name(f"{file.name}{suffix}")
        planted.unlink(missing_ok=True)
        how(tmp_path / "pyproject.toml", planted)
        record(path, OWNER, "new")

        assert (tmp_path / "pyproject.toml").read_bytes() == b"another's"
        assert (read_record(path, OWNER), planted.is_symlink()) == ("new", False)

    def test_read_link(self, file: Path, path: Path):
        """A link is no record, nor is a pipe, which nobody waits for."""
        file.rename(file.with_name("moved"))
        file.symlink_to("moved")
        assert read_record(path, OWNER) == ""

        file.unlink()
        os.mkfifo(file)
        assert read_record(path, OWNER) == ""

    def test_pipe(self, file: Path, path: Path):
        """A pipe at a record or its draft is replaced."""
        file.unlink()
        os.mkfifo(file)
        os.mkfifo(f"{file}.new")
        record(path, OWNER, "new")

        assert read_record(path, OWNER) == "new"

    def test_folder(self, file: Path, path: Path):
        """A directory at a draft stays, and so does the record."""
        Path(f"{file}.new").mkdir()
        record(path, OWNER, "new")

        assert read_record(path, OWNER) == "old"

    def test_huge(self, file: Path, path: Path):
        """What is larger than a record can be is none, and is not read to its end."""
        with open(file, "wb") as stream:
            stream.truncate(1 << 40)

        assert read_record(path, OWNER) == ""

    @pytest.mark.parametrize("depth", [0, 1, 2])
    def test_folders(self, depth: int, file: Path, path: Path, tmp_path: Path):
        """Where a link stands for any folder, nothing is read or written, and nothing is deleted."""
        folder = file.parents[depth]
        elsewhere = tmp_path / "elsewhere"
        folder.rename(elsewhere)
        folder.symlink_to(elsewhere)
        before = tree(elsewhere)
        record(path, OWNER, "new")
        record(path, STAMP, "new")
        with lock_records(path):
            remove_records(path)

        assert tree(elsewhere) == before
        assert read_record(path, OWNER) == ""
        assert not has_records(path)
        assert recorded_names(path.parent) == set()
        assert folder.is_symlink()


@pytest.mark.skipif(not HAS_DESCRIPTORS, reason="no folder can be opened here")
class TestSwapped:
    """A folder that somebody swaps for a link to another user's, just when it has been looked at."""

    @pytest.mark.parametrize("depth", [0, 1, 2])
    @pytest.mark.parametrize("step", ["read", "replace", "remove", "names"])
    def test_elsewhere(
        self, step: str, depth: int, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Nothing is read from where the link leads, nor written or deleted there."""
        (tmp_path / "pyproject.toml").touch()
        record(path, OWNER, "ours")
        folder = record_file(path, OWNER).parents[depth]
        victim = tmp_path / "victim"
        shutil.copytree(folder, victim)
        for file in victim.rglob("*.owner"):
            file.write_text("another's")
        before, do = tree(victim), getattr(Folder, step)

        def swap(*arguments: Any) -> Any:
            if not folder.is_symlink():
                folder.rename(tmp_path / "moved")
                folder.symlink_to(victim)
            return do(*arguments)

        monkeypatch.setattr(Folder, step, swap)
        if step == "read":
            assert read_record(path, OWNER) == "ours"
        elif step == "names":
            record_file(path, OWNER).rename(record_file(path, OWNER).with_name("other.owner"))
            assert recorded_names(path.parent) == {"other"}
        else:
            with lock_records(path):
                write_record(path, OWNER, "new")
                remove_record(path, OWNER)

        assert folder.is_symlink()
        assert tree(victim) == before


class TestRemoveRecord:
    def test_last(self, path: Path):
        """All folders are removed with the last record."""
        record(path, STAMP)
        record(path, OWNER)
        with lock_records(path):
            remove_record(path, STAMP)
        assert [*record_file(path, OWNER).parent.iterdir()] == [record_file(path, OWNER)]

        with lock_records(path):
            remove_record(path, OWNER)
        assert os.listdir(path.parent) == []

    def test_draft(self, path: Path):
        """So is what a build left that was killed while it wrote the record."""
        record(path, STAMP)
        file = record_file(path, STAMP)
        file.rename(f"{file}.new")
        with lock_records(path):
            remove_record(path, STAMP)

        assert os.listdir(path.parent) == []


class TestRemoveRecords:
    def test_all(self, path: Path):
        """All records of an artifact are removed, and none of another's."""
        other = path.with_name("other.mar")
        for each in (path, other):
            record(each, STAMP)
        record(path, OWNER)
        with lock_records(path):
            remove_records(path)

        assert [*record_file(path, STAMP).parent.iterdir()] == [record_file(other, STAMP)]


class TestHasRecords:
    def test_any(self, path: Path):
        """Whether there is a record of any kind."""
        assert not has_records(path)
        record(path, OWNER)
        assert has_records(path)
        assert not has_records(path.with_name("other.mar"))


class TestRecordedNames:
    def test_names(self, tmp_path: Path):
        """The artifacts with any record, and nothing else that is in the folder."""
        record(tmp_path / "a.mar", STAMP)
        record(tmp_path / "a.mar", OWNER)
        record(tmp_path / "b", OWNER)
        (record_file(tmp_path / "b", OWNER).parent / "c.stamp.new").touch()

        assert recorded_names(tmp_path) == {"a.mar", "b"}

    def test_none(self, tmp_path: Path):
        """Without the folder, or with a file in its place, there are none."""
        assert recorded_names(tmp_path) == set()
        (tmp_path / ".hatch").touch()
        assert recorded_names(tmp_path) == set()

    def test_other_directory(self, tmp_path: Path):
        """Those of a directory are not those of one below it, in one project."""
        (tmp_path / "pyproject.toml").touch()
        record(tmp_path / "a.mar", OWNER)
        record(tmp_path / "store" / "b.mar", OWNER)

        assert recorded_names(tmp_path) == {"a.mar"}
        assert recorded_names(tmp_path / "store") == {"b.mar"}
