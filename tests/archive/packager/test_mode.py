from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.archive.filesystem.folder import open_folder
from hatch_mar.archive.formats.format import FORMATS, Format
from hatch_mar.archive.packager import unchanged
from hatch_mar.archive.packager.mode import set_mode
from hatch_mar.archive.packager.pack import pack_as
from tests.archives import MANIFEST, PACKING, archive_of, needs_posix

pytestmark = needs_posix

ARCHIVE = archive_of({"model.py": b"1", "bin/run": b"2"}, executable=["bin/run"])


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


@pytest.fixture
def path(tmp_path: Path, form: Format) -> Path:
    return tmp_path / f"digits{form.suffix}"


@pytest.fixture(params=[0o022, 0o077, 0o000], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(path: Path) -> dict[str, str]:
    """The modes of an archive and of all that is in it, in octal."""
    found = [path, *path.rglob("*")] if path.is_dir() else [path]
    return {each.relative_to(path).as_posix(): oct(stat.S_IMODE(each.stat().st_mode)) for each in found}


def expected(form: Format, file: str, passable: str) -> dict[str, str]:
    if form.suffix:
        return {".": file}
    folders = dict.fromkeys((".", "MAR-INF", "bin", "bin/run"), passable)
    return {**folders, "model.py": file, "MAR-INF/MANIFEST.json": file}


@pytest.mark.usefixtures("_umask")
class TestPack:
    @pytest.mark.parametrize(
        ("mode", "file", "passable"), [(0o644, "0o644", "0o755"), (0o600, "0o600", "0o700")]
    )
    def test_given(self, mode: int, file: str, passable: str, form: Format, path: Path):
        """Files have the mode that is given, whatever the umask; those who may read may run and enter."""
        pack_as(ARCHIVE, path, form, PACKING, mode=mode)

        assert modes(path) == expected(form, file, passable)

    def test_unchanged(self, form: Format, path: Path):
        """So has an archive that was left as it was."""
        pack_as(ARCHIVE, path, form, PACKING, mode=0o600)

        assert pack_as(ARCHIVE, path, form, PACKING, mode=0o644).unchanged
        assert modes(path) == expected(form, "0o644", "0o755")

    def test_replaced(self, form: Format, path: Path):
        """The mode of the older archive does not matter."""
        pack_as(archive_of({}), path, form, PACKING, mode=0o600)
        pack_as(ARCHIVE, path, form, PACKING, mode=0o644)

        assert modes(path) == expected(form, "0o644", "0o755")


class TestUmask:
    @pytest.mark.parametrize(
        ("umask", "file", "passable"), [(0o022, "0o644", "0o755"), (0o077, "0o600", "0o700")]
    )
    def test_decides(self, umask: int, file: str, passable: str, form: Format, path: Path):
        """Without a mode, the umask decides."""
        before = os.umask(umask)
        try:
            pack_as(ARCHIVE, path, form, PACKING)
        finally:
            os.umask(before)

        assert modes(path) == expected(form, file, passable)

    def test_kept(self, form: Format, path: Path):
        """Without a mode, an archive that is unchanged keeps its own."""
        pack_as(ARCHIVE, path, form, PACKING, mode=0o600)
        pack_as(ARCHIVE, path, form, PACKING)

        assert modes(path) == expected(form, "0o600", "0o700")


class TestRemembered:
    def test_not_read(self, form: Format, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """An archive that gets another mode is unchanged, now and in the next build, without being read."""
        monkeypatch.setattr(unchanged, "COARSE", -(1 << 62))
        monkeypatch.setattr(unchanged, "FINE", -(1 << 62))
        (tmp_path / "weights").write_bytes(b"1")
        archive = Archive(MANIFEST, [Member("weights", FileSource(tmp_path / "weights"))])
        pack_as(archive, path, form, PACKING, mode=0o600, settings="settings")

        def refused(source: FileSource) -> None:
            pytest.fail("the weights were read")

        monkeypatch.setattr(FileSource, "chunks", refused)
        monkeypatch.setattr(FileSource, "open_unbuffered", refused)
        for _ in range(2):
            assert pack_as(archive, path, form, PACKING, mode=0o644, settings="settings").unchanged
        assert {mode for name, mode in modes(path).items() if (path / name).is_file()} == {"0o644"}


class TestSetMode:
    def test_changed(self, form: Format, path: Path):
        """It says whether any file had another mode."""
        pack_as(ARCHIVE, path, form, PACKING, mode=0o640)

        assert [set_mode(path, 0o640), set_mode(path, 0o644), set_mode(path, 0o644)] == [False, True, False]

    def test_refused(self, form: Format, path: Path, monkeypatch: pytest.MonkeyPatch):
        """Files whose mode cannot be set keep it."""
        pack_as(ARCHIVE, path, form, PACKING, mode=0o600)

        def refuse(file: int, mode: int) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "fchmod", refuse)
        assert not set_mode(path, 0o644)
        assert modes(path) == expected(form, "0o600", "0o700")

    def test_swapped(self, form: Format, path: Path, tmp_path: Path):
        """Nor does anybody's archive get the mode to whose folder a link leads by then."""
        victim = tmp_path / "victim"
        for folder in (tmp_path / "ours", victim):
            folder.mkdir()
            pack_as(ARCHIVE, folder / path.name, form, PACKING, mode=0o600)
        with open_folder(tmp_path / "ours", tmp_path) as folder:
            folder.path.rename(tmp_path / "moved")
            folder.path.symlink_to(victim, target_is_directory=True)
            assert set_mode(folder.at(path.name), 0o644, folder=folder.descriptor)

        assert modes(victim / path.name) == expected(form, "0o600", "0o700")
        assert modes(tmp_path / "moved" / path.name) == expected(form, "0o644", "0o755")

    def test_link(self, form: Format, path: Path, tmp_path: Path):
        """What a link leads to keeps its mode."""
        target = tmp_path / "elsewhere"
        pack_as(ARCHIVE, target, form, PACKING, mode=0o600)
        path.symlink_to(target)

        assert not set_mode(path, 0o644)
        assert modes(target) == expected(form, "0o600", "0o700")

    def test_vanishing(self, form: Format, path: Path, monkeypatch: pytest.MonkeyPatch):
        """If it is being replaced, what can still be found of it gets the mode."""
        pack_as(ARCHIVE, path, form, PACKING, mode=0o600)

        def vanish(path: Path, pattern: str) -> Iterator[Path]:
            raise FileNotFoundError(2, "No such file or directory", str(path))

        monkeypatch.setattr(Path, "rglob", vanish)
        assert set_mode(path, 0o644)

    def test_missing(self, path: Path):
        """Where nothing is, nothing is done."""
        assert not set_mode(path, 0o644)
