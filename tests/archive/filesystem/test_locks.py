from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from hatch_mar.archive.filesystem import locks
from hatch_mar.archive.filesystem.folder import Folder
from hatch_mar.archive.filesystem.locks import SLEEP, TELL, hold_lock, try_lock
from tests.archives import needs_posix

needs_flock = pytest.mark.skipif(os.name != "posix", reason="Windows locks without flock")

COUNT = """
import sys
from pathlib import Path
from hatch_mar.archive.filesystem.locks import hold_lock

folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    with hold_lock(folder / "records" / "of" / "lock", folder):
        count = int((folder / "count").read_text())
        (folder / "count").write_text(str(count + 1))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records" / "lock"


def refuse(lock: Path, root: Path) -> None:
    """The lock cannot be made, since something else is there."""
    with pytest.raises(OSError), hold_lock(lock, root):  # noqa: PT011  (another one for each)
        pytest.fail("the block was run")


class TestHoldLock:
    def test_removed(self, path: Path):
        """The lock and its folder are there as long as they are needed."""
        with hold_lock(path, path.parent.parent):
            assert path.is_file()

        assert not path.parent.exists()

    def test_folder_in_use(self, path: Path):
        """A folder that has something else in it stays."""
        path.parent.mkdir()
        (path.parent / "record").touch()
        with hold_lock(path, path.parent.parent):
            pass

        assert os.listdir(path.parent) == ["record"]

    @pytest.mark.parametrize("error", [OSError(), KeyboardInterrupt()], ids=repr)
    def test_error(self, error: BaseException, path: Path):
        """It is also released after an error or an interrupt."""
        with pytest.raises(type(error)), hold_lock(path, path.parent.parent):
            raise error

        assert not path.parent.exists()

    def test_left_by_a_killed_process(self, path: Path):
        """The file that a killed process left is no obstacle."""
        path.parent.mkdir()
        path.touch()
        with hold_lock(path, path.parent.parent):
            assert path.is_file()

        assert not path.parent.exists()

    def test_one_at_a_time(self, path: Path):
        """Of many threads, one at a time is in the block, however often the lock is removed."""
        inside: list[int] = []

        def enter(number: int) -> int:
            with hold_lock(path, path.parent.parent):
                inside.append(number)
                alone = len(inside)
                inside.remove(number)
                return alone

        with ThreadPoolExecutor(16) as threads:
            assert set(threads.map(enter, range(400))) == {1}
        assert not path.parent.exists()

    def test_processes(self, tmp_path: Path):
        """The same holds for processes: nothing that one of them counts is lost."""
        (tmp_path / "count").write_text("0")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        processes = [
            subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path)], **pipes) for _ in range(4)
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            process.communicate()

        assert {process.returncode for process in processes} == {0}
        assert (tmp_path / "count").read_text() == "800"
        assert os.listdir(tmp_path) == ["count"]

    def test_several_folders(self, tmp_path: Path):
        """All folders of the lock are made and removed; one that has something else in it stays."""
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "file").touch()
        with hold_lock(tmp_path / "a" / "b" / "c" / "lock", tmp_path):
            assert (tmp_path / "a" / "b" / "c" / "lock").is_file()

        assert os.listdir(tmp_path / "a") == ["file"]

    def test_no_directory(self, tmp_path: Path):
        """Where the root is missing, nothing is made."""
        lock = tmp_path / "dist" / "records" / "lock"
        with pytest.raises(FileNotFoundError), hold_lock(lock, tmp_path / "dist"):
            pytest.fail("the block was run")

        assert os.listdir(tmp_path) == []

    def test_no_folder(self, path: Path):
        """A file in the place of the folder is left alone."""
        path.parent.write_bytes(b"a file")
        refuse(path, path.parent.parent)

        assert path.parent.read_bytes() == b"a file"

    @needs_posix
    @pytest.mark.parametrize("what", ["a", "a/b", "a/b/lock"])
    def test_broken_link(self, what: str, tmp_path: Path):
        """A link to nowhere in the place of any is left alone."""
        link = tmp_path / what
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(tmp_path / "nowhere" / "at all")
        refuse(tmp_path / "a" / "b" / "lock", tmp_path)

        assert link.is_symlink()

    @needs_posix
    @pytest.mark.parametrize("what", ["a", "a/b", "a/b/lock"])
    @pytest.mark.parametrize("target", ["folder", "file"])
    def test_link(self, target: str, what: str, tmp_path: Path):
        """A link in the place of any is not followed: nothing is made or written where it leads."""
        elsewhere = tmp_path / "elsewhere"
        (elsewhere / "folder").mkdir(parents=True)
        (elsewhere / "file").write_bytes(b"another's")
        link = tmp_path / what
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(elsewhere / target)
        refuse(tmp_path / "a" / "b" / "lock", tmp_path)

        assert os.listdir(elsewhere / "folder") == []
        assert link.is_symlink()
        assert (elsewhere / "file").read_bytes() == b"another's"

    @needs_posix
    def test_pipe(self, path: Path):
        """A pipe in the place of the lock is left alone, and nobody waits for it."""
        path.parent.mkdir()
        os.mkfifo(path)
        refuse(path, path.parent.parent)

        assert os.listdir(path.parent) == ["lock"]

    @needs_posix
    def test_folder_removed_meanwhile(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """If the folder is removed just when it is found to exist, it is made again, and the lock held."""
        path.parent.mkdir()
        mkdir, removed = os.mkdir, []

        def late(folder: str, **options: Any) -> None:
            try:
                mkdir(folder, **options)
            except FileExistsError:
                removed.append(folder)
                path.parent.rmdir()
                raise

        monkeypatch.setattr(os, "mkdir", late)
        with hold_lock(path, path.parent.parent):
            assert path.is_file()

        assert len(removed) == 1

    @needs_flock
    def test_without_locks(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """On a file system that has no locks, the block is run all the same."""
        import fcntl

        def flock(file: int, operation: int) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", flock)
        with hold_lock(path, path.parent.parent):
            assert path.is_file()

        assert not path.parent.exists()

    @needs_flock
    def test_interrupted(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """An interrupt while it is waited for is raised, and leaves no open file."""
        import fcntl

        files: list[BinaryIO] = []

        def flock(file: BinaryIO, operation: int) -> None:
            files.append(file)
            raise KeyboardInterrupt

        monkeypatch.setattr(fcntl, "flock", flock)
        with pytest.raises(KeyboardInterrupt), hold_lock(path, path.parent.parent):
            pytest.fail("the block was run")

        assert [file.closed for file in files] == [True]


class TestReleased:
    def test_windows(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """On Windows, which removes no open file, the lock is closed before it is removed."""
        files: list[BinaryIO] = []
        closed, open_, remove = [], Folder.open, Folder.remove

        def opened(folder: Folder, name: str, mode: str) -> BinaryIO:
            files.append(open_(folder, name, mode))
            return files[-1]

        def checked(folder: Folder, name: str) -> None:
            closed.extend(file.closed for file in files)
            remove(folder, name)

        monkeypatch.setattr(Folder, "open", opened)
        monkeypatch.setattr(Folder, "remove", checked)
        with monkeypatch.context() as context, hold_lock(path, path.parent.parent):
            context.setattr(os, "name", "nt")

        assert closed == [True]
        assert not path.parent.exists()


HOLD = """
import sys
from pathlib import Path
from hatch_mar.archive.filesystem.locks import hold_lock

with hold_lock(Path(sys.argv[1]), Path(sys.argv[1]).parent.parent):
    print("held", flush=True)
    sys.stdin.readline()
"""


@needs_flock
class TestWait:
    """A lock that another process holds."""

    @pytest.fixture
    def holder(self, path: Path) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", HOLD, str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "held\n"
            yield process
            process.kill()

    def test_told_once(self, holder: subprocess.Popen[str], path: Path, monkeypatch: pytest.MonkeyPatch):
        """One line names the lock, and the wait goes on until it is released."""
        monkeypatch.setattr(locks, "PATIENCE", 0.0)
        naps: list[float] = []
        lines: list[str] = []

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                holder.communicate("\n")

        def enter() -> None:
            SLEEP.set(sleep)
            TELL.set(lines.append)
            with hold_lock(path, path.parent.parent):
                assert len(naps) >= 3

        copy_context().run(enter)

        assert lines == [f"Waiting for another build, which holds `{path}`"]

    @pytest.mark.parametrize("patience", [0.0, 60.0])
    def test_shown(
        self,
        patience: float,
        holder: subprocess.Popen[str],
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """The line goes to standard error, and is not shown of a lock that is held for a moment."""
        monkeypatch.setattr(locks, "PATIENCE", patience)
        monkeypatch.setattr(locks, "LONGEST", 0.05)
        refuse(path, path.parent.parent)

        line = f"Waiting for another build, which holds `{path}`\n"
        assert capsys.readouterr() == ("", "" if patience else line)

    def test_held_for_ever(self, holder: subprocess.Popen[str], path: Path, monkeypatch: pytest.MonkeyPatch):
        """After a while that is an error, which says what to do, and the lock is still theirs."""
        monkeypatch.setattr(locks, "LONGEST", 0.0)
        advice = "another build has held a lock for 0 seconds; end that build, or delete the lock"
        with pytest.raises(TimeoutError, match=advice) as caught, hold_lock(path, path.parent.parent):
            pytest.fail("the block was run")

        assert caught.value.filename == str(path)
        assert path.is_file()

    def test_other_holder(self, holder: subprocess.Popen[str], path: Path, monkeypatch: pytest.MonkeyPatch):
        """The line and the error name who else holds such a lock."""
        monkeypatch.setattr(locks, "PATIENCE", 0.0)
        lines: list[str] = []
        advice = "another fetch has held a lock for 0 seconds; end that fetch, or delete the lock"

        def enter() -> None:
            TELL.set(lines.append)
            with (
                pytest.raises(TimeoutError, match=advice),
                hold_lock(path, path.parent.parent, holder="fetch", longest=0.02),
            ):
                pytest.fail("the block was run")

        copy_context().run(enter)

        assert lines == [f"Waiting for another fetch, which holds `{path}`"]

    def test_ended(self, holder: subprocess.Popen[str], path: Path):
        """How a thread sleeps can end the wait."""

        def sleep(seconds: float) -> None:
            raise KeyboardInterrupt

        def enter() -> None:
            SLEEP.set(sleep)
            with hold_lock(path, path.parent.parent):
                pytest.fail("the block was run")

        with pytest.raises(KeyboardInterrupt):
            copy_context().run(enter)
        assert path.is_file()


class TestTryLock:
    @needs_flock
    def test_once(self, tmp_path: Path):
        """A file can be locked by one at a time, and again when it was closed."""
        with open(tmp_path / "lock", "ab") as other:
            with open(tmp_path / "lock", "ab") as one:
                assert try_lock(one)
                assert try_lock(other) is False
            assert try_lock(other)
