from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.proposal import repository
from hatch_mar.proposal.repository import is_of_tests, list_repository
from tests.archives import needs_posix
from tests.proposal import write


def files(root: Path, *outputs: Path) -> list[str]:
    return [*list_repository(root, outputs).files]


def test_order(tmp_path: Path) -> None:
    """The nearest files come first."""
    write(tmp_path, {"b/c/d": "", "b/a": "", "z": ""})

    assert files(tmp_path) == ["z", "b/a", "b/c/d"]


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".git/config",
            ".hidden/a",
            "node_modules/a",
            "a/site-packages/b",
            "a/__pycache__/b",
            "x.egg-info/a",
        ),
        *("dist/a", "build/a", "out/a", "a.pyc"),
    ],
)
def test_left_out(tmp_path: Path, path: str) -> None:
    """What tools and builds leave is not looked at."""
    write(tmp_path, {path: "", "a/build/kept": ""})

    assert files(tmp_path, tmp_path / "out") == ["a/build/kept"]


@pytest.mark.parametrize(
    "mark", ["pyvenv.cfg", "CACHEDIR.TAG", "conda-meta/history", "MAR-INF/MANIFEST.json"]
)
def test_marked(tmp_path: Path, mark: str) -> None:
    """Environments, caches and archives are known by what is in them, but not the root, where one works."""
    write(tmp_path, {mark: "", f"env/{mark}": "", "env/lib/a.pt": "", "b": ""})

    assert not any(path.startswith("env/") for path in files(tmp_path))
    assert "b" in files(tmp_path)


def test_projects(tmp_path: Path) -> None:
    """Other projects in the repository are only named."""
    write(
        tmp_path,
        {"pyproject.toml": "", "packages/a/pyproject.toml": "", "packages/a/w": "", "b/pyproject.toml": ""},
    )
    found = list_repository(tmp_path)

    assert found.files == ("pyproject.toml",)
    [note] = found.notes
    assert note.startswith("`b`, `packages/a` are projects of their own, not looked into; ")


@needs_posix
class TestLinks:
    def test_followed(self, tmp_path: Path):
        """A folder elsewhere is met under the name of its link, and a file under each."""
        write(tmp_path, {"elsewhere/w/a.pt": "", "root/b": ""})
        (tmp_path / "root/weights").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "root/c").symlink_to("b")

        assert files(tmp_path / "root") == ["b", "c", "weights/w/a.pt"]

    def test_loops(self, tmp_path: Path):
        """Links that lead to themselves, around, up or down are harmless."""
        write(tmp_path, {"root/a/b": "", "other/c": ""})
        root = tmp_path / "root"
        for name, target in (("self", "self"), ("up", ".."), ("here", "."), ("a/up", ".."), ("down", "a")):
            (root / name).symlink_to(target)
        (tmp_path / "other/back").symlink_to(root)
        (root / "one").symlink_to(tmp_path / "other")
        (root / "two").symlink_to(tmp_path / "other")

        assert files(root) == ["a/b", "one/c"]

    def test_broken(self, tmp_path: Path):
        """A broken link may be a file that git-annex has yet to fetch."""
        (tmp_path / "a.pt").symlink_to(".git/annex/objects/a")

        assert files(tmp_path) == ["a.pt"]

    def test_pipe(self, tmp_path: Path):
        os.mkfifo(tmp_path / "pipe")

        assert files(tmp_path) == []


def test_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many files only the nearest are looked at."""
    monkeypatch.setattr(repository, "MOST_ENTRIES", 5)
    write(tmp_path, {"near": "", **{f"a/{number}": "" for number in range(9)}})
    found = list_repository(tmp_path)

    assert len(found.files) < 6
    assert "near" in found.files
    assert found.notes == ("only the 5 files and folders that are nearest to the root were looked at",)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.pt", True),
        ("a/Fixtures/b", True),
        ("a/test_b.py", True),
        ("b_test.py", True),
        ("test_b.pt", False),
        ("latest/b.py", False),
        ("contest.py", False),
    ],
)
def test_of_tests(path: str, expected: bool) -> None:
    assert is_of_tests(path) is expected
