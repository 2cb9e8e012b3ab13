from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.archive.packager.foreign import describe_foreign, find_foreign
from hatch_mar.archive.packager.pack import pack_as, remove_artifact
from hatch_mar.errors import PackError
from tests.archives import MANIFEST_BYTES, PACKING, archive_of, needs_posix, tree

FORM = FORMATS["no-archive"]
OLD = archive_of({"model.py": b"old", "deep/weights.pth": b"old"})
NEW = archive_of({"model.py": b"new", "deep/weights.pth": b"old"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive that a build wrote."""
    return pack_as(OLD, tmp_path / "digits", FORM, PACKING).path


class TestFindForeign:
    def test_ours(self, path: Path):
        """What a build wrote, what Python left beside it, and empty folders are nobody else's."""
        (path / "__pycache__").mkdir()
        (path / "__pycache__" / "model.cpython-311.pyc").touch()
        (path / "empty").mkdir()

        assert find_foreign(path) == []

    @pytest.mark.parametrize("name", ["notes.txt", "deep/epoch-9.pth", ".hidden"])
    def test_dropped(self, name: str, path: Path):
        """A file that somebody has put there is found, wherever it is."""
        (path / name).touch()

        assert find_foreign(path) == [name]

    def test_changed(self, path: Path):
        """So is one of the archive's that was written since."""
        (path / "deep" / "weights.pth").write_bytes(b"trained for a week")

        assert find_foreign(path) == ["deep/weights.pth"]

    @needs_posix
    def test_links(self, path: Path, tmp_path: Path):
        """So are links and pipes, which no build makes; links are not followed."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "file").touch()
        (path / "folder").symlink_to(tmp_path / "elsewhere")
        (path / "nowhere").symlink_to("missing")
        os.mkfifo(path / "pipe")

        assert find_foreign(path) == ["folder", "nowhere", "pipe"]

    @needs_posix
    def test_time_of_a_link(self, path: Path):
        """A link is no build's even if it has the time of the other files."""
        (path / "link").symlink_to("h.py")
        when = (path / MANIFEST_NAME).stat().st_mtime_ns
        os.utime(path / "link", ns=(when, when), follow_symlinks=False)

        assert find_foreign(path) == ["link"]

    def test_in_archive(self, path: Path, tmp_path: Path):
        """What the new archive has too is not lost, as in a copy, whose files have times of their own."""
        copy = tmp_path / "copy"
        shutil.copytree(path, copy, copy_function=shutil.copyfile)
        for number, file in enumerate(sorted(copy.rglob("*.p*"))):
            os.utime(file, (number, number))

        assert find_foreign(copy) == ["deep/weights.pth", "model.py"]
        assert find_foreign(copy, NEW) == ["model.py"]

    @pytest.mark.parametrize("kind", ["file", "missing", "link"])
    def test_no_directory(self, kind: str, path: Path, tmp_path: Path):
        """Of what is no directory, nothing is lost with it; of what a link leads to neither."""
        other = tmp_path / "other"
        if kind == "file":
            other.touch()
        elif kind == "link":
            (path / "notes.txt").touch()
            other.symlink_to(path, target_is_directory=True)

        assert find_foreign(other) == []


class TestPack:
    def test_kept(self, path: Path):
        """With a file of somebody else in it, it is neither replaced nor deleted; the error names it."""
        (path / "notes.txt").write_bytes(b"mine")
        before = tree(path)
        advice = "no build wrote `notes.txt` in it; move what you need away, and delete the directory"

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, FORM, PACKING)
        assert str(error.value) == f"Cannot replace `{path}`: {advice}"
        with pytest.raises(PackError) as error:
            remove_artifact(path, FORM)
        assert str(error.value) == f"Cannot delete `{path}`: {advice}"
        assert tree(path) == before

    def test_moved_away(self, path: Path, tmp_path: Path):
        """Once it is moved away, the directory is replaced."""
        (path / "notes.txt").touch()
        (path / "notes.txt").rename(tmp_path / "notes.txt")
        pack_as(NEW, path, FORM, PACKING)

        assert (path / "model.py").read_bytes() == b"new"

    def test_other_tool(self, tmp_path: Path):
        """A directory that torch-model-archiver made, whose files have times of their own, is kept."""
        path = tmp_path / "digits"
        (path / "MAR-INF").mkdir(parents=True)
        (path / "MAR-INF" / "MANIFEST.json").write_bytes(MANIFEST_BYTES)
        (path / "model.py").write_bytes(b"old")
        os.utime(path / "model.py", (1, 1))

        with pytest.raises(PackError, match=r"no build wrote `model.py` in it"):
            pack_as(NEW, path, FORM, PACKING)

    def test_other_time(self, path: Path):
        """A build with another time than the last one replaces what that wrote."""
        later = PACKING._replace(instant=PACKING.instant.replace(year=2021, microsecond=123_456))
        for packing in (later, PACKING):
            pack_as(OLD if packing is later else NEW, path, FORM, packing)

        assert find_foreign(path) == []


class TestDescribeForeign:
    def test_many(self):
        """Of many files, some are named."""
        assert describe_foreign([*"abcdefg"]).startswith(
            "no build wrote `a`, `b`, `c`, `d`, `e` and 2 more in it"
        )
