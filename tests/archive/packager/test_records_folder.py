from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.filesystem import locks
from hatch_mar.archive.packager.records_folder import FOLDER, encode, find_records, lock_records, open_records
from tests.archives import needs_posix, tree


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


class TestFindRecords:
    def test_in_project(self, project: Path):
        """They are in the project that the directory is in, whether or not it exists."""
        assert find_records(project / "dist") == project / ".hatch" / "hatch-mar" / "dist"

    def test_in_project_itself(self, project: Path):
        """The project's own directory has a name of its own too."""
        assert find_records(project) == project / FOLDER / "%2E"

    def test_member(self, project: Path):
        """A member of a workspace has its own, but shares those of the workspace's directories."""
        member = project / "packages" / "aa"
        member.mkdir(parents=True)
        (member / "pyproject.toml").touch()

        assert find_records(member / "dist") == member / FOLDER / "dist"
        assert find_records(member / ".." / ".." / "dist") == project / FOLDER / "dist"

    def test_elsewhere(self, tmp_path: Path):
        """Outside of any project they are in the directory itself."""
        assert find_records(tmp_path / "store") == tmp_path / "store" / FOLDER / "%2E"

    def test_directory_of_that_name(self, project: Path):
        """A directory does not make a project."""
        (project / "sub" / "pyproject.toml").mkdir(parents=True)

        assert find_records(project / "sub") == project / FOLDER / "sub"

    @needs_posix
    def test_link(self, project: Path):
        """A link is followed first, so that all who write through it or past it find the same."""
        store = project / "elsewhere" / "store"
        store.mkdir(parents=True)
        (project / "dist").symlink_to(store)

        assert find_records(project / "dist") == find_records(store) == project / FOLDER / "elsewhere%2Fstore"

    def test_copied(self, project: Path):
        """In a copy of the tree they are at the same place in the copy."""
        (project / "a").mkdir()
        (project / "a" / "pyproject.toml").touch()
        shutil.copytree(project / "a", project / "b")

        assert find_records(project / "b" / "dist") == project / "b" / FOLDER / "dist"


class TestEncode:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("dist", "dist"),
            ("digits/store", "digits%2Fstore"),
            ("digits%2Fstore", "digits%252Fstore"),
            (".", "%2E"),
            (".gitignore", "%2Egitignore"),
            (".lock", "%2Elock"),
        ],
    )
    def test_name(self, path: str, expected: str):
        """A path is one name, and never that of another file of ours."""
        assert encode(path) == expected

    @given(st.lists(st.text("%2FE./a", min_size=1, max_size=120), min_size=2, max_size=5, unique=True))
    def test_unique(self, paths: list[str]):
        """No two paths have one name, and no name is longer than names may be."""
        names = [encode(path) for path in paths]

        assert len(set(names)) == len(paths)
        assert all(len(name) <= 100 and "/" not in name and not name.startswith(".") for name in names)


class TestLockRecords:
    @needs_posix
    def test_held_for_ever(self, project: Path, monkeypatch: pytest.MonkeyPatch):
        """Who never releases the lock keeps no one waiting for ever."""
        monkeypatch.setattr(locks, "LONGEST", 0.0)
        with lock_records(project / "digits.mar"):
            with pytest.raises(TimeoutError), lock_records(project / "digits.mar"):
                pytest.fail("the block was run")

            assert (project / FOLDER / ".lock").is_file()

    def test_nowhere(self, project: Path):
        """Where no lock can be made, the block is run without it."""
        (project / ".hatch").write_bytes(b"a file")
        with lock_records(project / "digits.mar"):
            assert (project / ".hatch").read_bytes() == b"a file"

    def test_nothing_left(self, project: Path):
        """If nothing was put into the folder, none is left."""
        with lock_records(project / "dist" / "digits.mar"):
            assert (project / FOLDER / ".lock").is_file()

        assert os.listdir(project) == ["pyproject.toml"]

    def test_others(self, project: Path):
        """hatch may have its own files beside the folder; they stay."""
        (project / ".hatch" / "default").mkdir(parents=True)
        with lock_records(project / "dist" / "digits.mar"):
            pass

        assert os.listdir(project / ".hatch") == ["default"]

    def test_named_as_ours(self, project: Path):
        """A directory may have the name of any file in the folder."""
        for name in (".lock", ".gitignore", "lock"):
            with lock_records(project / name / "digits.mar"):
                find_records(project / name).mkdir()

        assert set(os.listdir(project / FOLDER)) == {"%2Elock", "%2Egitignore", "lock", ".gitignore"}

    @pytest.mark.skipif(not shutil.which("git"), reason="git is missing")
    def test_git(self, project: Path):
        """git has nothing to say of what is in the folder, nor of the folder."""
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        with lock_records(project / "dist" / "digits.mar"):
            find_records(project / "dist").mkdir()
            (find_records(project / "dist") / "digits.mar.stamp").touch()

        status = ["git", "status", "--porcelain", "--untracked-files=all"]
        assert subprocess.check_output(status, cwd=project, text=True) == "?? pyproject.toml\n"


class TestGitignore:
    @pytest.fixture
    def folder(self, project: Path) -> Path:
        """The folder, which is not empty, and so stays."""
        (project / FOLDER / "dist").mkdir(parents=True)
        return project / FOLDER

    @pytest.mark.parametrize("before", [None, "", "*"], ids=["missing", "empty", "cut"])
    def test_written(self, before: str | None, folder: Path, project: Path):
        """The file is whole, also after a build that was killed while it wrote it."""
        if before is not None:
            (folder / ".gitignore").write_text(before)
        with lock_records(project / "digits.mar"):
            pass

        assert (folder / ".gitignore").read_bytes() == b"*\n"

    def test_once(self, folder: Path, project: Path):
        """One that is whole is not written again."""
        (folder / ".gitignore").write_bytes(b"*\n")
        os.utime(folder / ".gitignore", ns=(1, 1))
        with lock_records(project / "digits.mar"):
            pass

        assert (folder / ".gitignore").stat().st_mtime_ns == 1

    @needs_posix
    @pytest.mark.parametrize("target", ["another", "missing"])
    def test_link(self, target: str, folder: Path, project: Path):
        """A link is replaced by the file, and what it leads to is as it was."""
        (folder / "another").write_bytes(b"another's")
        (folder / ".gitignore").symlink_to(target)
        with lock_records(project / "digits.mar"):
            pass

        assert tree(folder) == {"another": b"another's", ".gitignore": b"*\n"}

    @needs_posix
    def test_pipe(self, folder: Path, project: Path):
        """A pipe is replaced by the file, and nobody waits for it."""
        os.mkfifo(folder / ".gitignore")
        with lock_records(project / "digits.mar"):
            pass

        assert (folder / ".gitignore").read_bytes() == b"*\n"


class TestOpenRecords:
    def test_made(self, project: Path):
        """It is made if that is asked for, and is gone with the last record."""
        with pytest.raises(FileNotFoundError), open_records(project / "dist"):
            pytest.fail("there is nothing to open")
        with open_records(project / "dist", make=True) as folder:
            assert folder.path == find_records(project / "dist")
            assert folder.path.is_dir()

        assert os.listdir(project) == ["pyproject.toml"]
