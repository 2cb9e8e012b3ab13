from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats import directory
from tests.archives import MANIFEST_BYTES, PACKING, archive_of, needs_posix, tree


class TestWrite:
    def test_files(self, tmp_path: Path):
        """Every member is a file, in folders as its name has it."""
        members = {"model.py": b"1", "a/b/c": b"2", "a/d": b"", "zoë": b"3"}
        directory.write(archive_of(members), tmp_path / "digits", PACKING)

        assert tree(tmp_path / "digits") == {"MAR-INF/MANIFEST.json": MANIFEST_BYTES} | members

    def test_existing(self, tmp_path: Path):
        """An existing directory is not written into."""
        with pytest.raises(FileExistsError):
            directory.write(archive_of({"a": b""}), tmp_path, PACKING)

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("instant", [datetime(2020, 2, 2, 1, tzinfo=timezone.utc)])
    def test_date(self, instant: datetime, tmp_path: Path):
        """Every file has the date of the build."""
        path = tmp_path / "digits"
        directory.write(archive_of({"a": b"", "b/c": b""}), path, PACKING._replace(instant=instant))

        assert {instant.timestamp()} == {(path / name).stat().st_mtime for name in tree(path)}

    @needs_posix
    def test_modes(self, tmp_path: Path):
        """A file is executable if its member is."""
        directory.write(archive_of({"a": b"", "b": b""}, executable=["b"]), tmp_path / "digits", PACKING)
        modes = [(tmp_path / "digits" / name).stat().st_mode & 0o111 for name in "ab"]

        assert modes == [0, 0o111]

    @needs_posix
    def test_umask(self, tmp_path: Path):
        """Those who may not read a file may not run it."""
        before = os.umask(0o027)
        try:
            directory.write(archive_of({"a": b"", "b": b""}, executable=["b"]), tmp_path / "digits", PACKING)
        finally:
            os.umask(before)

        assert [(tmp_path / "digits" / name).stat().st_mode & 0o777 for name in "ab"] == [0o640, 0o750]

    def test_two_members_of_one_name(self, tmp_path: Path):
        """A member does not overwrite another one that the file system takes for the same."""
        archive = archive_of({"a": b"1"})
        twice = Archive(archive.manifest, archive.members * 2)

        with pytest.raises(FileExistsError):
            directory.write(twice, tmp_path / "digits", PACKING)
