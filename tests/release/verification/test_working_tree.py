"""What git says of the files of an archive."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, FileSource, Member
from hatch_mar.release.verification.working_tree import WorkingTree, inspect_working_tree
from tests.archives import MANIFEST, UnreadableSource, needs_posix

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None and os.environ.get("CI") != "true", reason="needs git"
)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder of a repository, whose weights git ignores."""
    root = tmp_path / "repository" / "project"
    root.mkdir(parents=True)
    (root / "handler.py").write_text("one\n")
    (root / "weights.pth").write_text("weights\n")
    (root / "pyproject.toml").touch()
    (root.parent / "shared.py").touch()
    (root.parent / "other.py").touch()
    (root.parent / ".gitignore").write_text("*.pth\n")
    git(root.parent, "init", "--quiet")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "--quiet", "-m", "one")
    return root


def archive_of(root: Path, *names: str) -> Archive:
    return Archive(MANIFEST, [Member(Path(name).name, FileSource(root / name)) for name in names])


def inspected(root: Path, *names: str, pinned: tuple[str, ...] = ()) -> WorkingTree:
    return inspect_working_tree(root, archive_of(root, *names), pinned)


class TestCommit:
    def test_clean(self, root: Path):
        """An archive of committed files has the bytes of the commit."""
        found = inspected(root, "handler.py", "../shared.py")
        commit = git(root, "rev-parse", "HEAD")

        assert found == WorkingTree(root, commit)
        assert str(found) == f"commit `{commit[:12]}`"

    def test_changed(self, root: Path):
        """Changes in the project count, and elsewhere those of the archive's files."""
        (root / "pyproject.toml").write_text("# changed\n")
        for name in ("shared.py", "other.py"):
            (root.parent / name).write_text("changed\n")
        found = inspected(root, "handler.py", "../shared.py")

        assert (found.changed, found.not_in_git) == (("../shared.py", "pyproject.toml"), ())
        assert str(found).endswith("` with uncommitted changes to `../shared.py`, `pyproject.toml`")

    def test_staged(self, root: Path):
        """What is in the index alone is not committed."""
        (root / "handler.py").write_text("two\n")
        git(root, "add", "handler.py")

        assert inspected(root, "handler.py").changed == ("handler.py",)

    @pytest.mark.parametrize("name", ["weights.pth", "new.txt"])
    def test_not_in_git(self, name: str, root: Path):
        """A file of the archive that git ignores, or does not know, is in no commit."""
        (root / name).touch()
        (root / "unrelated.txt").touch()
        found = inspected(root, "handler.py", name)

        assert (found.changed, found.not_in_git) == ((), (name,))
        assert str(found).endswith(f"` with `{name}`, which git does not track")

    def test_both(self, root: Path):
        """Both are told in one sentence."""
        (root / "handler.py").write_text("two\n")

        assert str(inspected(root, "handler.py", "weights.pth")).endswith(
            "` with uncommitted changes to `handler.py`, and with `weights.pth`, which git does not track"
        )

    def test_pinned(self, root: Path):
        """The digest of a remote file is committed."""
        assert inspected(root, "weights.pth", pinned=("weights.pth",)).not_in_git == ()

    def test_wheel(self, root: Path):
        """A wheel may have any file of the project, and others that git ignores or that no longer exist."""
        for name in ("new.py", "../elsewhere.py", "handler.pth"):
            (root / name).touch()
        names = ("handler.py", "package/gone.py", "handler.pth", "weights.pth")
        archive = Archive(MANIFEST, [Member(name, UnreadableSource(OSError())) for name in names])

        foreign = ("handler.pth", "new.py", "package/gone.py")
        assert inspect_working_tree(root, archive, ["a/weights.pth"]).not_in_git == foreign

    @needs_posix
    def test_links(self, root: Path):
        """What a link leads to is what was packed; git-annex has that under its digest."""
        key = root.parent / ".git/annex/objects/key"
        key.parent.mkdir(parents=True)
        key.touch()
        (root / "annexed.bin").symlink_to(key)
        (root / "linked.bin").symlink_to("weights.pth")
        git(root, "add", "annexed.bin", "linked.bin")
        git(root, "commit", "--quiet", "-m", "links")

        assert inspected(root, "annexed.bin", "linked.bin").not_in_git == ("weights.pth",)

    @needs_posix
    def test_link_not_in_git(self, root: Path):
        """A new link to a committed file is in no commit; what a committed link leads to below it may be."""
        (root / "new.py").symlink_to("handler.py")
        (root / "new").symlink_to("..")
        (root / "old").symlink_to("..")
        git(root, "add", "old")
        git(root, "commit", "--quiet", "-m", "link")

        names = ("new.py", "new/shared.py", "old/other.py")
        assert inspected(root, *names).not_in_git == ("new.py", "new/shared.py")

    @pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
    @pytest.mark.parametrize("name", ["handler.py", "pyproject.toml"])
    def test_ignored_changes(self, name: str, flag: str, root: Path):
        """git does not say whether a file has changed that it is told to ignore."""
        git(root, "update-index", flag, name)
        (root / name).write_text("changed\n")

        assert inspected(root, "handler.py").not_in_git == (name,)

    def test_sparse(self, root: Path):
        """A file that is not checked out has no changes."""
        git(root, "update-index", "--skip-worktree", "pyproject.toml")
        (root / "pyproject.toml").unlink()

        assert inspected(root, "handler.py").not_in_git == ()

    def test_submodule(self, root: Path):
        """Changes to a submodule count if a file of it is packed, even if git is told to ignore them."""
        local = ("-c", "protocol.file.allow=always")
        git(root.parent, *local, "submodule", "--quiet", "add", str(root.parent), "sub")
        git(root.parent, "config", "--file", ".gitmodules", "submodule.sub.ignore", "all")
        git(root.parent, "add", ".gitmodules")
        git(root.parent, "commit", "--quiet", "-m", "two")
        name = "../sub/shared.py"
        before = inspected(root, name)
        (root / name).write_text("changed\n")

        assert (before.changed, before.not_in_git) == ((), ())
        assert inspected(root, name).changed == ("../sub",)
        assert inspected(root, "handler.py").changed == ()

    def test_strange_names(self, root: Path):
        """Names that git would quote are found."""
        name = "ä \"b\" 'c'.txt" if os.name == "posix" else "ä b.txt"
        (root / name).touch()
        git(root, "add", ".")
        git(root, "commit", "--quiet", "-m", "two")
        (root / name).write_text("changed\n")

        assert inspected(root, name) == WorkingTree(root, git(root, "rev-parse", "HEAD"), "", (name,), ())


class TestNone:
    def test_no_repository(self, tmp_path: Path):
        """Outside of a repository, there is only the folder."""
        assert str(inspected(tmp_path)) == f"the folder `{tmp_path}`, which is not in a git repository"

    def test_no_commit(self, tmp_path: Path):
        """A new repository has none."""
        git(tmp_path, "init", "--quiet")

        assert str(inspected(tmp_path)) == f"the folder `{tmp_path}`, which has no commit yet"

    def test_no_git(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """Without git, nobody can tell the commit."""
        monkeypatch.setenv("PATH", "")

        assert str(inspected(root)) == (
            f"the folder `{root}`, whose commit is unknown, since git is not installed"
        )
