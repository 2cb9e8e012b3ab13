from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.archive.packager.records import (
    OWNER,
    STAMP,
    has_records,
    lock_records,
    read_record,
    record_file,
    recorded_names,
    remove_record,
    remove_records,
    write_record,
)


@pytest.fixture(params=["digits.mar", "a" * 251 + ".mar"], ids=["short", "long"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


class TestRecord:
    def test_read(self, path: Path):
        """A record is what was written last, and each kind is one of its own."""
        for text in ("old", "né"):
            write_record(path, STAMP, text)

        assert [read_record(path, kind) for kind in (STAMP, OWNER)] == ["né", ""]

    def test_where(self, path: Path):
        """It is a file in the hidden folder next to the artifact, and there is nothing else."""
        write_record(path, OWNER, "text")

        assert os.listdir(path.parent) == [".hatch"]
        assert [*(path.parent / ".hatch").iterdir()] == [record_file(path, OWNER)]

    @pytest.mark.parametrize("data", [b"\x80", None], ids=["binary", "folder"])
    def test_unreadable(self, data: bytes | None, path: Path):
        """What is not text counts as no record."""
        write_record(path, OWNER, "text")
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
        write_record(path, OWNER, "text")
        remove_records(path)

        assert read_record(path, OWNER) == ""
        assert (path.parent / ".hatch").read_bytes() == b"a file"


class TestRemoveRecord:
    def test_last(self, path: Path):
        """The folder is removed with the last record."""
        write_record(path, STAMP, "text")
        write_record(path, OWNER, "text")
        remove_record(path, STAMP)
        assert [*(path.parent / ".hatch").iterdir()] == [record_file(path, OWNER)]

        remove_record(path, OWNER)
        assert os.listdir(path.parent) == []


class TestRemoveRecords:
    def test_all(self, path: Path):
        """All records of an artifact are removed, and none of another's."""
        other = path.with_name("other.mar")
        for each in (path, other):
            write_record(each, STAMP, "text")
        write_record(path, OWNER, "text")
        remove_records(path)

        assert [*(path.parent / ".hatch").iterdir()] == [record_file(other, STAMP)]


class TestHasRecords:
    def test_any(self, path: Path):
        """Whether there is a record of any kind."""
        assert not has_records(path)
        write_record(path, OWNER, "text")
        assert has_records(path)
        assert not has_records(path.with_name("other.mar"))


class TestRecordedNames:
    def test_names(self, tmp_path: Path):
        """The artifacts with any record, and nothing else that is in the folder."""
        write_record(tmp_path / "a.mar", STAMP, "text")
        write_record(tmp_path / "a.mar", OWNER, "text")
        write_record(tmp_path / "b", OWNER, "text")
        (tmp_path / ".hatch" / "c.stamp.new").touch()

        assert recorded_names(tmp_path) == {"a.mar", "b"}

    def test_none(self, tmp_path: Path):
        """Without the folder, or with a file in its place, there are none."""
        assert recorded_names(tmp_path) == set()
        (tmp_path / ".hatch").touch()
        assert recorded_names(tmp_path) == set()


class TestLockRecords:
    def test_nothing_left(self, path: Path):
        """When it is released, nothing but the records is left."""
        with lock_records(path):
            write_record(path, OWNER, "text")
        assert [*(path.parent / ".hatch").iterdir()] == [record_file(path, OWNER)]

        with lock_records(path):
            remove_records(path)
        assert os.listdir(path.parent) == []
