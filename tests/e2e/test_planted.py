"""What somebody else has put where a build writes and reads leads it nowhere, and does not stop it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.archives import needs_posix, tree
from tests.e2e.conftest import HOOK, Project

pytestmark = needs_posix

MAR = 'handler = "reader/handler.py"\nserialized-file = "weights/digits.pt"\nmodel-name = "digits"\n'
BUILD = ("python", "-m", "hatchling", "build", "-t", "wheel")


@pytest.fixture
def victim(project: Project) -> Path:
    """Another user's directory."""
    folder = project.root.parent / "victim"
    folder.mkdir()
    (folder / "thesis.tex").write_bytes(b"thesis")
    return folder


@pytest.fixture(autouse=True)
def _configured(project: Project) -> None:
    project.configure(HOOK, f"[tool.mar]\n{MAR}")


def plant_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim / "thesis.tex")


def plant_broken_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim / "missing")


def plant_link_to_folder(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def plant_hard_link(path: Path, victim: Path) -> None:
    os.link(victim / "thesis.tex", path)


def plant_pipe(path: Path, victim: Path) -> None:
    os.mkfifo(path)


def plant_huge(path: Path, victim: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 40)


Plant = Callable[[Path, Path], None]
PLANTED = (plant_link, plant_broken_link, plant_link_to_folder, plant_hard_link, plant_pipe, plant_huge)


class TestRecords:
    @pytest.mark.parametrize("plant", PLANTED)
    def test_files(self, plant: Plant, project: Project, victim: Path) -> None:
        """A build writes its archive, whatever is in the place of a record, a draft or a lock."""
        folder = project.root / ".hatch" / "hatch-mar"
        (folder / "dist").mkdir(parents=True)
        names = ("stamp", "stamp.new", "owner", "owner.new")
        for path in (*(folder / "dist" / f"digits.mar.{name}" for name in names), folder / ".gitignore"):
            plant(path, victim)
        if plant is not plant_huge:
            plant(folder / ".lock", victim)
        abandoned = project.root / "dist" / ".digits.mar.0.part"
        abandoned.mkdir(parents=True)
        plant(abandoned / "lock", victim)
        project.run(*BUILD)

        assert tree(victim) == {"thesis.tex": b"thesis"}
        with ZipFile(project.root / "dist" / "digits.mar") as file:
            assert file.read("digits.pt") == project.weights("digits").read_bytes()

    @pytest.mark.parametrize("place", [".hatch", ".hatch/hatch-mar", ".hatch/hatch-mar/dist"])
    def test_folders(self, place: str, project: Project, victim: Path) -> None:
        """Where a link stands for a folder of records, nothing is written to where it leads."""
        link = project.root / place
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(victim)
        for _ in range(2):
            project.run(*BUILD)

        assert tree(victim) == {"thesis.tex": b"thesis"}
        assert (project.root / "dist" / "digits.mar").is_file()


class TestLock:
    def test_waited_for(self, project: Project) -> None:
        """A build says once that it waits for another one's lock, and goes on when that is released."""
        import fcntl

        lock = project.root / ".hatch" / "hatch-mar" / ".lock"
        lock.parent.mkdir(parents=True)
        with open(lock, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with project.start("python", "-m", "hatch_mar", "build") as build:
                line = build.stdout.readline()
                file.close()
                rest = build.stdout.read()

        assert line == f"Waiting for another build, which holds `{lock}`\n"
        assert (rest, build.returncode) == (f"{project.root / 'dist' / 'digits.mar'}\n", 0)


class TestPipes:
    @pytest.mark.parametrize("place", ["weights/digits.pt", "reader/handler.py", "dist/digits.mar"])
    def test_refused(self, place: str, project: Project) -> None:
        """A pipe at an input, or where the archive should be, is named at once."""
        path = project.root / place
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)

        assert "not a regular file" in project.run("python", "-m", "hatch_mar", "build", status=1)

    def test_beside(self, project: Project) -> None:
        """Pipes with the names of other archives in the same place are nobody's business."""
        project.configure(HOOK, f'[tool.mar]\narchive-name = "{{model-name}}-{{version}}"\n{MAR}')
        (project.root / "dist").mkdir()
        for name in ("digits-0.9.mar", "other.mar", "reader-0.9.tar.gz"):
            os.mkfifo(project.root / "dist" / name)
        project.run(*BUILD, "--clean")

        assert (project.root / "dist" / "digits-1.0.mar").is_file()


class TestDirectory:
    def test_kept(self, project: Project) -> None:
        """What somebody put into a `no-archive` survives the next build and cleaning, which name it."""
        project.configure(HOOK, f'[tool.mar]\narchive-format = "no-archive"\n{MAR}')
        project.run(*BUILD)
        (project.root / "dist" / "digits" / "epoch-9.pt").write_bytes(b"trained for a week")
        project.weights("digits").write_bytes(b"other weights")
        before = tree(project.root / "dist" / "digits")

        for command in (BUILD, ("hatch", "clean", "-t", "wheel")):
            assert "no build wrote `epoch-9.pt` in it" in project.run(*command, status=1)
            assert tree(project.root / "dist" / "digits") == before
