"""The files of a wheel, which workers of a build read as well."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from hatch_mar.project.wheel_members import wheel_members


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.whl"


class TestElsewhere:
    def test_twice(self, path: Path):
        """Another process reads the same entry, even if two have its name."""
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a", b"1")
            with pytest.warns(UserWarning, match="Duplicate name"):
                file.writestr("a", b"22")
        with zipfile.ZipFile(path) as file:
            found = pickle.loads(pickle.dumps([member.source for member in wheel_members(file)]))

        assert [b"".join(source.chunks()) for source in found] == [b"1", b"22"]

    def test_replaced(self, path: Path):
        """Another process reads the file that is there now, not one that it read before."""
        for data in (b"old", b"new"):
            path.unlink(missing_ok=True)
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("a", data)
            with zipfile.ZipFile(path) as file:
                [source] = pickle.loads(pickle.dumps([member.source for member in wheel_members(file)]))

            assert data == b"".join(source.chunks())
