from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem import atomic as module
from hatch_mar.archive.filesystem.atomic import exchange, swapped
from tests.archives import tree

atomic = pytest.mark.skipif(
    sys.platform not in ("linux", "darwin"), reason="no system call exchanges directories"
)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A draft, what is in its place, and where that may go."""
    draft, path, old = (tmp_path / name for name in ("draft", "path", "old"))
    for directory, data in ((draft, b"new"), (path, b"old")):
        directory.mkdir()
        (directory / "model.py").write_bytes(data)
    return draft, path, old


@pytest.fixture(params=[pytest.param(True, marks=atomic), False], ids=["atomic", "in two steps"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(module, "swapped", lambda *_: False)


@pytest.mark.usefixtures("_way")
class TestExchange:
    def test_replaced(self, places: tuple[Path, Path, Path]):
        """The draft stands in its place, and the old directory where it is cleared."""
        draft, path, old = places
        exchange(draft, path, old)

        assert tree(path) == {"model.py": b"new"}
        assert [tree(place) for place in (draft, old) if place.exists()] == [{"model.py": b"old"}]

    @pytest.mark.skipif(os.name != "posix", reason="Windows makes no plain links")
    def test_link(self, places: tuple[Path, Path, Path], tmp_path: Path):
        """A link is moved away, and what it leads to stays."""
        draft, path, old = places
        target = path.rename(tmp_path / "target")
        path.symlink_to(target)
        exchange(draft, path, old)

        assert not path.is_symlink()
        assert tree(path) == {"model.py": b"new"}
        assert tree(target) == {"model.py": b"old"}

    def test_no_draft(self, places: tuple[Path, Path, Path]):
        """Without a draft, the old directory stays."""
        draft, path, old = places
        draft.rename(draft.with_name("away"))

        with pytest.raises(FileNotFoundError):
            exchange(draft, path, old)
        assert tree(path) == {"model.py": b"old"}


class TestInTwoSteps:
    def test_second_step_fails(self, places: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch):
        """The old directory is put back where the draft cannot take its place."""
        draft, path, old = places
        rename = os.rename

        def refused(source: Path, target: Path) -> None:
            if source == draft:
                raise PermissionError
            rename(source, target)

        monkeypatch.setattr(module, "swapped", lambda *_: False)
        monkeypatch.setattr(os, "rename", refused)

        with pytest.raises(PermissionError):
            exchange(draft, path, old)
        assert tree(path) == {"model.py": b"old"}
        assert not old.exists()


class TestSwapped:
    @atomic
    def test_names(self, tmp_path: Path):
        """Any names will do."""
        one, other = tmp_path / "één", tmp_path / "with space"
        one.mkdir()
        other.mkdir()
        (one / "file").touch()

        assert swapped(one, other)
        assert tree(tmp_path) == {"with space/file": b""}

    def test_missing(self, tmp_path: Path):
        """Where one is not there, nothing is done, and that is told."""
        (tmp_path / "one").mkdir()

        assert not swapped(tmp_path / "one", tmp_path / "other")
        assert os.listdir(tmp_path) == ["one"]

    def test_unknown_system(self, places: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch):
        """A system without such a call is told apart from one that has it."""
        monkeypatch.setattr("ctypes.CDLL", lambda *_: object())

        assert not swapped(places[0], places[1])
        assert tree(places[1]) == {"model.py": b"old"}

    @atomic
    def test_always_there(self, places: tuple[Path, Path, Path]):
        """At no moment is there neither."""
        draft, path, _ = places
        missed, ended = [], threading.Event()

        def watch() -> None:
            while not ended.is_set():
                if not os.path.exists(path / "model.py"):
                    missed.append(path)

        watcher = threading.Thread(target=watch)
        watcher.start()
        done = [swapped(draft, path) for _ in range(2000)]
        ended.set()
        watcher.join()

        assert all(done)
        assert missed == []
