from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from hatch_mar.archive.filesystem import atomic as module
from hatch_mar.archive.filesystem.atomic import (
    LOCK,
    clear_abandoned,
    clear_if_abandoned,
    exchange,
    move,
    put_away,
    replace_file,
    swap,
    workspace,
)
from hatch_mar.archive.filesystem.folder import Folder
from hatch_mar.archive.filesystem.locks import try_lock
from tests.archives import needs_posix, tree

needs_flock = pytest.mark.skipif(os.name != "posix", reason="Windows locks without flock")

HOLD = """
import sys
from pathlib import Path
from hatch_mar.archive.filesystem.atomic import workspace

with workspace(Path(sys.argv[1])) as place:
    (place.path / "draft").write_bytes(b"half")
    print(place.path, flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that builds the same artifact."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.place = Path(self.process.stdout.readline().rstrip("\n"))

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def finish(self) -> None:
        self.process.communicate("")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.mar"


def plant_link(path: Path) -> None:
    path.symlink_to("missing")


def plant_pipe(path: Path) -> None:
    os.mkfifo(path)


def plant_folder(path: Path) -> None:
    path.mkdir()


class TestWorkspace:
    def test_beside(self, path: Path):
        """It is a hidden directory next to the artifact, and so on the same file system, with its lock."""
        with workspace(path) as place:
            assert path.parent == place.path.parent
            assert place.path.name.startswith(".digits.mar.")
            assert place.path.name.endswith(".part")
            assert place.names() == [LOCK]

    def test_left(self, path: Path):
        """It is removed with everything in it."""
        with workspace(path) as place:
            (place.path / "draft" / "deep").mkdir(parents=True)
            (place.path / "draft" / "deep" / "file").touch()

        assert os.listdir(path.parent) == []

    @pytest.mark.parametrize("error", [OSError(), KeyboardInterrupt(), SystemExit(1)], ids=repr)
    def test_left_by_an_error(self, error: BaseException, path: Path):
        """It is also removed after an error or an interrupt."""

        def build() -> None:
            with workspace(path) as place:
                (place.path / "draft").touch()
                raise error

        with pytest.raises(type(error)):
            build()

        assert os.listdir(path.parent) == []

    def test_one_each(self, path: Path):
        """Two builds of one artifact have a workspace each."""
        with workspace(path) as one, workspace(path) as other:
            assert one != other
            assert set(os.listdir(path.parent)) == {one.path.name, other.path.name}

    @pytest.mark.parametrize("name", ["digits[1].mar", "dig*ts", "d?gits.tar.gz", "digits"])
    def test_name(self, name: str, tmp_path: Path):
        """Whatever the artifact's name, only its own workspaces are cleared."""
        others = {".digits1.mar.0.part", ".digits.mar.0.part", ".dogits.tar.gz.0.part"}
        for other in others:
            (tmp_path / other).mkdir()
        (tmp_path / f".{name}.0.part").mkdir()
        with workspace(tmp_path / name):
            assert not (tmp_path / f".{name}.0.part").exists()

        expected = others - {".digits.mar.0.part"} if name == "digits" else others
        assert others >= set(os.listdir(tmp_path)) >= expected

    @pytest.mark.parametrize("name", ["a" * 255, "é" * 127])
    def test_long_name(self, name: str, tmp_path: Path):
        """So are those of an artifact whose name is as long as a name can be."""
        other = tmp_path / (name[:-1] + "b")
        with Holder(tmp_path / name) as killed, Holder(other) as living:
            killed.kill()
            with workspace(tmp_path / name) as place:
                assert set(os.listdir(tmp_path)) == {place.path.name, living.place.name}

    @needs_flock
    @pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
    def test_without_locks(self, number: int, path: Path, monkeypatch: pytest.MonkeyPatch):
        """A build also works, and ends, on a file system that has no locks."""
        import fcntl

        def flock(file: int, operation: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", flock)
        limit_directories(monkeypatch)
        with workspace(path) as place:
            assert os.listdir(path.parent) == [place.path.name]

        assert os.listdir(path.parent) == []

    def test_without_files(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """If the lock cannot be made, since the disk is full or too many files are open, that is raised."""
        limit_directories(monkeypatch)
        monkeypatch.setattr(Folder, "open", refused)

        with pytest.raises(OSError, match="Too many open files"), workspace(path):
            pass

        monkeypatch.undo()
        assert os.listdir(path.parent) == []


def refused(*arguments: object, **options: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def limit_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where directories would be made for ever."""
    made = []
    mkdir = os.mkdir

    def limited(path: str, *arguments: object, **options: object) -> None:
        made.append(path)
        assert len(made) < 100, "makes one directory after another"
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(os, "mkdir", limited)


class TestOtherProcesses:
    def test_living(self, path: Path):
        """The workspace of a build that is running is left alone."""
        with Holder(path) as holder:
            with workspace(path):
                pass

            assert set(os.listdir(holder.place)) == {LOCK, "draft"}
            holder.finish()

        assert os.listdir(path.parent) == []

    def test_killed(self, path: Path):
        """What a killed build left is cleared by the next one."""
        with Holder(path) as holder:
            pass

        assert set(os.listdir(holder.place)) == {LOCK, "draft"}
        with workspace(path) as place:
            assert os.listdir(path.parent) == [place.path.name]

    def test_of_other_artifacts(self, path: Path):
        """The workspace of another artifact is not cleared."""
        with Holder(path.with_name("other.mar")) as holder:
            pass
        with workspace(path):
            pass

        assert os.listdir(path.parent) == [holder.place.name]


class TestClearAbandoned:
    def test_no_directory(self, path: Path):
        """Before the first build, there is nothing to clear."""
        clear_abandoned(path.parent / "dist" / "digits.mar")

        assert os.listdir(path.parent) == []

    def test_files(self, path: Path):
        """A file with such a name is not one of hatch-mar's."""
        file = path.with_name(".digits.mar.0.part")
        file.write_bytes(b"notes")
        clear_abandoned(path)

        assert file.read_bytes() == b"notes"

    @needs_flock
    def test_locked_while_cleared(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """It stays locked until it is gone, so that no build begins in what is being removed."""
        place = path.with_name(".digits.mar.0.part")
        place.mkdir()
        locks = []

        def rmtree(found: Path, **options: object) -> None:
            with open(found / LOCK, "ab") as file:
                locks.append(try_lock(file))

        monkeypatch.setattr("shutil.rmtree", rmtree)
        clear_abandoned(path)

        assert locks == [False]

    def test_deep(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """One with folders so deep that Python cannot remove them is left, and stops nobody."""
        place = path.with_name(".digits.mar.0.part")
        place.mkdir()

        def rmtree(found: Path, **options: object) -> None:
            raise RecursionError

        monkeypatch.setattr("shutil.rmtree", rmtree)
        clear_abandoned(path)

        assert place.is_dir()

    @needs_flock
    def test_linked(self, path: Path, tmp_path: Path):
        """A link with such a name is not followed."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "thesis.tex").touch()
        path.with_name(".digits.mar.0.part").symlink_to(elsewhere)
        clear_abandoned(path)

        assert "thesis.tex" in os.listdir(elsewhere)

    def test_many_at_once(self, path: Path):
        """Builds that begin at the same time do not clear each other's workspaces."""

        def build(number: int) -> bool:
            with workspace(path) as place:
                (place.path / "draft").write_bytes(b"%d" % number)
                return b"%d" % number == (place.path / "draft").read_bytes() and LOCK in place.names()

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(build, range(400))) == [True] * 400
        assert os.listdir(path.parent) == []


class TestRace:
    @needs_flock
    def test_cleared_before_it_is_locked(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """If another build clears a workspace before its own has locked it, its own makes it again."""
        import fcntl

        flock, others = fcntl.flock, []

        def late(file: BinaryIO, operation: int) -> None:
            if not others:
                others.append(file)
                clear_abandoned(path)
            flock(file, operation)

        monkeypatch.setattr(fcntl, "flock", late)
        with workspace(path) as place:
            assert (os.listdir(place.path), len(others)) == ([LOCK], 1)
        assert os.listdir(path.parent) == []


class TestClearIfAbandoned:
    @needs_posix
    @pytest.mark.parametrize("plant", [plant_link, plant_pipe, plant_folder])
    def test_planted(self, plant: Callable[[Path], None], path: Path):
        """What somebody else put in the place of the lock is not opened, and the workspace stays."""
        place = path.with_name(".digits.mar.0.part")
        place.mkdir()
        plant(place / LOCK)
        with workspace(path):
            pass

        assert os.listdir(path.parent) == [place.name]
        assert os.listdir(place) == [LOCK]

    @needs_flock
    def test_replaced_meanwhile(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """A workspace that was cleared and made again before its lock was locked is left alone."""
        import fcntl

        flock = fcntl.flock
        place = path.with_name(".digits.mar.0.part")
        place.mkdir()
        (place / LOCK).touch()

        def late(file: int, operation: int) -> None:
            (place / LOCK).rename(place / "old")
            (place / LOCK).touch()
            flock(file, operation)

        monkeypatch.setattr(fcntl, "flock", late)
        clear_if_abandoned(place)

        assert set(os.listdir(place)) == {LOCK, "old"}


class TestReplaceFile:
    def test_new(self, path: Path):
        """A file that does not exist is written, and nothing else is left."""
        replace_file(path, b"new")

        assert tree(path.parent) == {"digits.mar": b"new"}

    @needs_posix
    def test_old(self, path: Path):
        """A file that exists keeps its mode, and a link to it stays a link."""
        path.write_bytes(b"old")
        path.chmod(0o640)
        link = path.with_name("link")
        link.symlink_to(path)
        replace_file(link, b"new")

        assert (link.is_symlink(), path.read_bytes(), path.stat().st_mode & 0o777) == (True, b"new", 0o640)

    @pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
    @pytest.mark.parametrize("step", [(Folder, "write"), (os, "replace")])
    def test_interrupted(
        self, error: BaseException, step: tuple[Any, str], path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Whatever happens, the old file is whole, and nothing else is left."""
        path.write_bytes(b"old")

        def fail(*arguments: object, **folders: object) -> None:
            raise error

        monkeypatch.setattr(*step, fail)

        with pytest.raises(type(error)):
            replace_file(path, b"new")
        assert tree(path.parent) == {"digits.mar": b"old"}


needs_swap = pytest.mark.skipif(
    sys.platform not in ("linux", "darwin"), reason="no system call exchanges directories"
)


@pytest.fixture
def folder(path: Path) -> Iterator[Folder]:
    """A workspace with a draft of a directory, which replaces an older one."""
    with workspace(path) as folder:
        for directory, data in ((folder.path / path.name, b"new"), (path, b"old")):
            directory.mkdir()
            (directory / "model.py").write_bytes(data)
        yield folder


@pytest.fixture(params=[pytest.param(True, marks=needs_swap), False], ids=["atomic", "in two steps"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(module, "swap", lambda *_: False)


@pytest.mark.usefixtures("_way")
class TestExchange:
    def test_replaced(self, folder: Folder, path: Path):
        """The draft is in its place, and the old directory where it will be cleared."""
        exchange(folder, path)

        assert tree(path) == {"model.py": b"new"}
        assert sorted(tree(folder.path).values()) == [b"", b"old"]

    @needs_posix
    def test_link(self, folder: Folder, path: Path, tmp_path: Path):
        """A link is moved away, and its target stays."""
        target = path.rename(tmp_path / "target")
        path.symlink_to(target)
        exchange(folder, path)

        assert not path.is_symlink()
        assert tree(path) == {"model.py": b"new"}
        assert tree(target) == {"model.py": b"old"}

    def test_no_draft(self, folder: Folder, path: Path):
        """Without a draft, the old directory stays."""
        (folder.path / path.name).rename(folder.path / "away")

        with pytest.raises(FileNotFoundError):
            exchange(folder, path)
        assert tree(path) == {"model.py": b"old"}

    @needs_posix
    def test_swapped(self, folder: Folder, path: Path, tmp_path: Path):
        """What is moved is the draft, though somebody has put a link in the place of the workspace."""
        victim = tmp_path / "victim"
        (victim / path.name).mkdir(parents=True)
        folder.path.rename(tmp_path / "moved")
        folder.path.symlink_to(victim, target_is_directory=True)
        exchange(folder, path)

        assert tree(path) == {"model.py": b"new"}
        assert os.listdir(victim) == [path.name]


class TestMove:
    @needs_posix
    def test_swapped(self, path: Path, tmp_path: Path):
        """What is moved to or from a workspace is so though somebody has put a link in its place."""
        victim = tmp_path / "victim"
        victim.mkdir()
        (victim / path.name).write_bytes(b"another's")
        with workspace(path) as folder:
            folder.write(path.name, b"ours")
            folder.path.rename(tmp_path / "moved")
            folder.path.symlink_to(victim, target_is_directory=True)
            move(folder, path)
            assert path.read_bytes() == b"ours"
            put_away(path, folder)

        assert tree(victim) == {path.name: b"another's"}
        assert tree(tmp_path / "moved") == {"old": b"ours"}


class TestInTwoSteps:
    def test_second_step_fails(self, folder: Folder, path: Path, monkeypatch: pytest.MonkeyPatch):
        """The old directory is put back if the draft cannot take its place."""

        def refused(folder: Folder, path: Path) -> None:
            raise PermissionError

        monkeypatch.setattr(module, "swap", lambda *_: False)
        monkeypatch.setattr(module, "move", refused)

        with pytest.raises(PermissionError):
            exchange(folder, path)
        assert tree(path) == {"model.py": b"old"}
        assert set(folder.names()) == {LOCK, path.name}


class TestSwap:
    @needs_swap
    def test_names(self, tmp_path: Path):
        """Names of any characters work."""
        path = tmp_path / "één with space"
        path.mkdir()
        with workspace(path) as folder:
            (folder.path / path.name).mkdir()
            (folder.path / path.name / "file").touch()

            assert swap(folder, path)
        assert tree(tmp_path) == {f"{path.name}/file": b""}

    def test_missing(self, path: Path):
        """If one does not exist, nothing is done, and the caller knows."""
        path.mkdir()
        with workspace(path) as folder:
            assert not swap(folder, path)

        assert os.listdir(path.parent) == [path.name]

    def test_unknown_system(self, folder: Folder, path: Path, monkeypatch: pytest.MonkeyPatch):
        """On a system without such a call nothing is done, and the caller knows."""
        monkeypatch.setattr("ctypes.CDLL", lambda *_: object())

        assert not swap(folder, path)
        assert tree(path) == {"model.py": b"old"}

    @needs_swap
    def test_always_there(self, folder: Folder, path: Path):
        """At every moment one of the two is there."""
        missed, ended = [], threading.Event()

        def watch() -> None:
            while not ended.is_set():
                if not os.path.exists(path / "model.py"):
                    missed.append(path)

        watcher = threading.Thread(target=watch)
        watcher.start()
        done = [swap(folder, path) for _ in range(2000)]
        ended.set()
        watcher.join()

        assert all(done)
        assert missed == []
