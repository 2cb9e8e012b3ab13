from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem import folder as module
from hatch_mar.archive.filesystem.folder import Folder, open_folder
from tests.archives import needs_posix, tree

needs_descriptors = pytest.mark.skipif(not module.HAS_DESCRIPTORS, reason="no folder can be opened here")


@pytest.fixture(params=[pytest.param(True, marks=needs_descriptors), False], ids=["opened", "by path"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HAS_DESCRIPTORS", request.param)


@pytest.fixture
def folder(_way: None, tmp_path: Path) -> Iterator[Folder]:
    (tmp_path / "ours").mkdir()
    with open_folder(tmp_path / "ours", tmp_path) as folder:
        yield folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Another user's folder."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "file").write_bytes(b"another's")
    return folder


def plant_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim / "file")


def plant_broken_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim / "missing")


def plant_hard_link(path: Path, victim: Path) -> None:
    os.link(victim / "file", path)


def plant_pipe(path: Path, victim: Path) -> None:
    os.mkfifo(path)


def plant_folder(path: Path, victim: Path) -> None:
    path.mkdir()


Plant = Callable[[Path, Path], None]
REPLACED = (plant_link, plant_broken_link, plant_hard_link, plant_pipe)
UNREADABLE = (plant_link, plant_broken_link, plant_pipe, plant_folder)


class TestFolder:
    def test_files(self, folder: Folder):
        """A file can be written, read as far as one likes, listed, replaced and removed."""
        assert folder.read("file", 9) == b""
        folder.write("file", b"old")
        assert (folder.read("file", 2), folder.names()) == (b"ol", ["file"])

        folder.replace("file", b"new")
        assert tree(folder.path) == {"file": b"new"}

        folder.remove("file")
        folder.remove("file")
        assert folder.names() == []

    @needs_posix
    @pytest.mark.parametrize("plant", REPLACED)
    @pytest.mark.parametrize("write", [Folder.write, Folder.replace])
    @pytest.mark.parametrize("name", ["file", "file.new"])
    def test_replaced(
        self,
        name: str,
        write: Callable[[Folder, str, bytes], None],
        plant: Plant,
        folder: Folder,
        victim: Path,
    ):
        """What has the name of a file or its draft is replaced, and what it leads to is as it was."""
        plant(folder.path / name, victim)
        write(folder, "file", b"ours")

        assert tree(victim) == {"file": b"another's"}
        assert (folder.read("file", 9), (folder.path / "file").is_symlink()) == (b"ours", False)

    @pytest.mark.parametrize("name", ["file", "file.new"])
    def test_directory(self, name: str, folder: Folder):
        """A directory is an error, and stays; no draft does."""
        (folder.path / name).mkdir()
        with pytest.raises(OSError):  # noqa: PT011  (another one on each system)
            folder.replace("file", b"ours")

        assert folder.names() == [name]

    @needs_posix
    @pytest.mark.parametrize("plant", UNREADABLE)
    def test_unreadable(self, plant: Plant, folder: Folder, victim: Path):
        """What is not a regular file is not read, nor opened to be written, and nobody is waited for."""
        plant(folder.path / "file", victim)

        assert folder.read("file", 9) == b""
        with pytest.raises(OSError):  # noqa: PT011  (another one for each)
            folder.open("file", "ab")
        assert tree(victim) == {"file": b"another's"}

    @pytest.mark.parametrize("before", [None, b"data"])
    def test_lock(self, before: bytes | None, folder: Folder):
        """A lock is made if there is none, and otherwise is as it was."""
        if before is not None:
            folder.write("lock", before)
        folder.open_lock("lock").close()

        assert tree(folder.path) == {"lock": before or b""}

    @needs_posix
    @pytest.mark.parametrize("is_there", [True, False])
    def test_another_users_lock(self, is_there: bool, folder: Folder, monkeypatch: pytest.MonkeyPatch):
        """One that can only be read can be locked all the same; none can be made in another's folder."""
        if is_there:
            folder.write("lock", b"")
        open_ = os.open

        def refuse(path: str, flags: int, *arguments: int, **folders: int | None) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR):
                raise PermissionError(13, "Permission denied", path)
            return open_(path, flags, *arguments, **folders)

        monkeypatch.setattr(os, "open", refuse)
        if not is_there:
            with pytest.raises(PermissionError):
                folder.open_lock("lock")
            return
        with folder.open_lock("lock") as lock:
            assert folder.has("lock", lock)

    def test_has(self, folder: Folder):
        """A file has the name under which it was opened, until that is removed or another file's."""
        with folder.open("file", "ab") as file:
            assert folder.has("file", file)
            os.rename(folder.path / "file", folder.path / "moved")
            assert not folder.has("file", file)
            folder.write("file", b"")
            assert not folder.has("file", file)

    @needs_descriptors
    def test_swapped(self, victim: Path, tmp_path: Path):
        """Whoever puts a link in the place of an open folder leads nobody elsewhere."""
        (tmp_path / "ours").mkdir()
        (tmp_path / "ours" / "file").write_bytes(b"ours")
        with open_folder(tmp_path / "ours", tmp_path) as folder:
            (tmp_path / "ours").rename(tmp_path / "moved")
            (tmp_path / "ours").symlink_to(victim)
            read, names = folder.read("file", 9), folder.names()
            folder.replace("file", b"new")
            folder.write("other", b"new")
            folder.remove("file")

        assert (read, names) == (b"ours", ["file"])
        assert tree(victim) == {"file": b"another's"}
        assert tree(tmp_path / "moved") == {"other": b"new"}


@pytest.mark.usefixtures("_way")
class TestOpenFolder:
    def test_made(self, tmp_path: Path):
        """Folders that are missing are made, and are gone at the end if they are empty."""
        (tmp_path / "a").mkdir()
        with open_folder(tmp_path / "a" / "b" / "c", tmp_path, make=True) as folder:
            assert folder.path.is_dir()
        assert os.listdir(tmp_path) == []

        with open_folder(tmp_path / "a" / "b", tmp_path, make=True) as folder:
            folder.write("file", b"")
        assert tree(tmp_path) == {"a/b/file": b""}

    def test_missing(self, tmp_path: Path):
        """They are only made if that is asked for, and only below a root that exists."""
        with pytest.raises(OSError), open_folder(tmp_path / "a", tmp_path):  # noqa: PT011
            pytest.fail("the block was run")
        with pytest.raises(OSError), open_folder(tmp_path / "a" / "b", tmp_path / "a", make=True):  # noqa: PT011
            (tmp_path / "a" / "b" / "file").touch()

        assert os.listdir(tmp_path) == []

    @needs_posix
    @pytest.mark.parametrize("plant", [plant_link, plant_broken_link, plant_pipe])
    @pytest.mark.parametrize("make", [True, False])
    @pytest.mark.parametrize("name", ["a", "a/b"])
    def test_planted(self, name: str, make: bool, plant: Plant, victim: Path, tmp_path: Path):
        """What is no folder is refused, and stays."""
        (tmp_path / name).parent.mkdir(exist_ok=True)
        plant(tmp_path / name, victim)
        with pytest.raises(OSError), open_folder(tmp_path / "a" / "b", tmp_path, make=make):  # noqa: PT011
            pytest.fail("the block was run")

        assert tree(victim) == {"file": b"another's"}
        assert os.path.lexists(tmp_path / name)

    @needs_posix
    @pytest.mark.parametrize("name", ["a", "a/b"])
    def test_link(self, name: str, victim: Path, tmp_path: Path):
        """So is a link to a folder."""
        (victim / "b").mkdir()
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(victim, target_is_directory=True)
        with pytest.raises(OSError), open_folder(tmp_path / "a" / "b", tmp_path, make=True):  # noqa: PT011
            pytest.fail("the block was run")

        assert sorted(os.listdir(victim)) == ["b", "file"]


class TestSwapped:
    @needs_descriptors
    @pytest.mark.parametrize("name", ["a", "a/b"])
    def test_removed(self, name: str, victim: Path, tmp_path: Path):
        """An empty folder that is removed at the end is not one to which a link leads by then."""
        (victim / "b").mkdir()
        with open_folder(tmp_path / "a" / "b", tmp_path, make=True):
            (tmp_path / name).rename(tmp_path / "moved")
            (tmp_path / name).symlink_to(victim, target_is_directory=True)

        assert sorted(os.listdir(victim)) == ["b", "file"]

    @needs_descriptors
    def test_opened(self, victim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A folder is looked for in the one that was opened, whatever has its place by then."""
        (tmp_path / "a" / "b").mkdir(parents=True)
        (victim / "b").mkdir()
        enter = module.enter

        def late(folder: Folder, name: str, stack: ExitStack) -> Folder:
            if name == "b":
                (tmp_path / "a").rename(tmp_path / "moved")
                (tmp_path / "a").symlink_to(victim, target_is_directory=True)
            return enter(folder, name, stack)

        monkeypatch.setattr(module, "enter", late)
        with open_folder(tmp_path / "a" / "b", tmp_path) as folder:
            folder.write("file", b"ours")

        assert tree(tmp_path / "moved") == {"b/file": b"ours"}
        assert tree(victim) == {"file": b"another's"}
