from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from hatch_mar.archive.filesystem.atomic import LOCK, clear_abandoned, held, replace_file, workspace
from tests.archives import needs_posix, tree

needs_flock = pytest.mark.skipif(os.name != "posix", reason="Windows locks without flock")

HOLD = """
import sys
from pathlib import Path
from hatch_mar.archive.filesystem.atomic import workspace

with workspace(Path(sys.argv[1])) as place:
    (place / "draft").write_bytes(b"half")
    print(place, flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process at work on the same artifact."""

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
        self.process.kill()
        self.process.communicate()

    def finish(self) -> None:
        self.process.communicate("")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.mar"


class TestWorkspace:
    def test_beside(self, path: Path):
        """It is a hidden directory beside the artifact, hence on the same file system, with its lock."""
        with workspace(path) as place:
            assert path.parent == place.parent
            assert place.name.startswith(".digits.mar.")
            assert place.name.endswith(".part")
            assert os.listdir(place) == [LOCK]

    def test_left(self, path: Path):
        """It goes with all that is in it."""
        with workspace(path) as place:
            (place / "draft" / "deep").mkdir(parents=True)
            (place / "draft" / "deep" / "file").touch()

        assert os.listdir(path.parent) == []

    @pytest.mark.parametrize("error", [OSError(), KeyboardInterrupt(), SystemExit(1)], ids=repr)
    def test_left_by_an_error(self, error: BaseException, path: Path):
        """So it does when an error or an interrupt leaves it."""

        def build() -> None:
            with workspace(path) as place:
                (place / "draft").touch()
                raise error

        with pytest.raises(type(error)):
            build()

        assert os.listdir(path.parent) == []

    def test_one_each(self, path: Path):
        """Two builds of one artifact have two."""
        with workspace(path) as one, workspace(path) as other:
            assert one != other
            assert set(os.listdir(path.parent)) == {one.name, other.name}

    @pytest.mark.parametrize("name", ["digits[1].mar", "dig*ts", "d?gits.tar.gz", "digits"])
    def test_name(self, name: str, tmp_path: Path):
        """Whatever the artifact's name, only its own are cleared."""
        others = {".digits1.mar.0.part", ".digits.mar.0.part", ".dogits.tar.gz.0.part"}
        for other in others:
            (tmp_path / other).mkdir()
        (tmp_path / f".{name}.0.part").mkdir()
        with workspace(tmp_path / name):
            assert not (tmp_path / f".{name}.0.part").exists()

        expected = others - {".digits.mar.0.part"} if name == "digits" else others
        assert others >= set(os.listdir(tmp_path)) >= expected

    @needs_flock
    @pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
    def test_without_locks(self, number: int, path: Path, monkeypatch: pytest.MonkeyPatch):
        """A file system that has no locks keeps nobody from building there, or from an end."""
        import fcntl

        def flock(file: int, operation: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", flock)
        limit_directories(monkeypatch)
        with workspace(path) as place:
            assert os.listdir(path.parent) == [place.name]

        assert os.listdir(path.parent) == []

    def test_without_files(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """Where the lock cannot be made, since the disk is full or too many files are open, that is told."""
        limit_directories(monkeypatch)
        monkeypatch.setattr("builtins.open", refused)

        with pytest.raises(OSError, match="Too many open files"), workspace(path):
            pass

        monkeypatch.undo()
        assert os.listdir(path.parent) == []


def refused(*arguments: object, **options: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def limit_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    """End what would make directories for ever."""
    made = []
    mkdir = Path.mkdir

    def limited(path: Path, *arguments: object, **options: object) -> None:
        made.append(path)
        assert len(made) < 100, "makes one directory after the other"
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", limited)


class TestOtherProcesses:
    def test_living(self, path: Path):
        """What a living build is at work in is left in peace."""
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
            assert os.listdir(path.parent) == [place.name]

    def test_of_other_artifacts(self, path: Path):
        """That of another artifact is not."""
        with Holder(path.with_name("other.mar")) as holder:
            pass
        with workspace(path):
            pass

        assert os.listdir(path.parent) == [holder.place.name]


class TestClearAbandoned:
    def test_no_directory(self, path: Path):
        """Where nothing was built yet, there is nothing to clear."""
        clear_abandoned(path.parent / "dist" / "digits.mar")

        assert os.listdir(path.parent) == []

    def test_files(self, path: Path):
        """A file of such a name is none of hatch-mar's."""
        file = path.with_name(".digits.mar.0.part")
        file.write_bytes(b"notes")
        clear_abandoned(path)

        assert file.read_bytes() == b"notes"

    @needs_flock
    def test_locked_while_cleared(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """It is held until it is gone, so that no build begins in what is being removed."""
        place = path.with_name(".digits.mar.0.part")
        place.mkdir()
        locks = []

        def rmtree(found: Path, **options: object) -> None:
            locks.append(held(found))

        monkeypatch.setattr("shutil.rmtree", rmtree)
        clear_abandoned(path)

        assert locks == [None]

    @needs_flock
    def test_linked(self, path: Path, tmp_path: Path):
        """A link of such a name is not followed."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "thesis.tex").touch()
        path.with_name(".digits.mar.0.part").symlink_to(elsewhere)
        clear_abandoned(path)

        assert "thesis.tex" in os.listdir(elsewhere)

    def test_many_at_once(self, path: Path):
        """Builds that begin together do not take each other's away."""

        def build(number: int) -> bool:
            with workspace(path) as place:
                (place / "draft").write_bytes(b"%d" % number)
                return b"%d" % number == (place / "draft").read_bytes() and (place / LOCK).exists()

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(build, range(400))) == [True] * 400
        assert os.listdir(path.parent) == []


class TestRace:
    @needs_flock
    def test_cleared_before_it_is_locked(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """What another build takes for abandoned, before its own has locked it, is left to that one."""
        import fcntl

        flock, others = fcntl.flock, []

        def late(file: BinaryIO, operation: int) -> None:
            if not others:
                [place] = path.parent.glob(".*.part")
                others.append(open(place / LOCK, "ab"))  # noqa: SIM115
                flock(others[0], operation)
            flock(file, operation)

        monkeypatch.setattr(fcntl, "flock", late)
        with workspace(path) as place:
            assert Path(others[0].name).parent != place
        others[0].close()


class TestHeld:
    def test_once(self, path: Path):
        """A second lock of one workspace is not to be had before the first is let go."""
        lock = held(path.parent)

        assert lock is not None
        assert held(path.parent) is None
        lock.close()
        again = held(path.parent)
        assert again is not None
        again.close()

    def test_gone(self, path: Path):
        """A workspace that is gone cannot be held."""
        assert held(path.parent / "gone") is None

    @needs_flock
    def test_removed_meanwhile(self, path: Path, monkeypatch: pytest.MonkeyPatch):
        """Nor can one that was removed, or made anew, between opening and locking its lock."""
        import fcntl

        flock = fcntl.flock

        def late(file: int, operation: int) -> None:
            (path.parent / LOCK).unlink()
            (path.parent / LOCK).touch()
            flock(file, operation)

        monkeypatch.setattr(fcntl, "flock", late)

        assert held(path.parent) is None


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
    @pytest.mark.parametrize("step", [(Path, "write_bytes"), (os, "replace")])
    def test_interrupted(
        self, error: BaseException, step: tuple[Any, str], path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Whatever happens, the old file is whole, and nothing else is left."""
        path.write_bytes(b"old")

        def fail(*arguments: object) -> None:
            raise error

        monkeypatch.setattr(*step, fail)

        with pytest.raises(type(error)):
            replace_file(path, b"new")
        assert tree(path.parent) == {"digits.mar": b"old"}
