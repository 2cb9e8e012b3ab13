from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hatch_mar.project.gitignore import add_lines, find_nearest, is_ignored, pattern_for, read_lines
from tests.archives import needs_posix


@pytest.mark.parametrize(
    ("path", "suffix", "pattern"),
    [
        ("a.mar", ".mar", "/*.mar"),
        ("store/a.mar", ".mar", "/store/*.mar"),
        ("[a]*b?/a.tar.gz", ".tar.gz", r"/\[a\]\*b\?/*.tar.gz"),
        ("store/digits", "", "/store/digits/"),
    ],
)
def test_pattern(path: str, suffix: str, pattern: str):
    """A pattern is for all archives of a directory, or for one that is a directory itself."""
    assert pattern_for(Path(path), suffix) == pattern


def test_nearest(tmp_path: Path):
    """The nearest file in the repository."""
    (tmp_path / ".gitignore").touch()
    project = tmp_path / "top/project"
    project.mkdir(parents=True)
    (tmp_path / "top/.git").mkdir()

    assert find_nearest(project) is None
    for folder in (project.parent, project):
        (folder / ".gitignore").touch()
        assert find_nearest(project) == folder / ".gitignore"


@pytest.mark.parametrize("file", [".gitignore", "project/.gitignore", "project/store/.gitignore"])
@pytest.mark.parametrize(
    "pattern", ["*.mar", "/store", "store/", "/digits.mar", "/project/store/*", "!*.mar"]
)
def test_ignored(tmp_path: Path, file: str, pattern: str):
    """The answer is git's, whose patterns are relative to the file they are in."""
    path = Path("store/digits.mar")
    (tmp_path / "project/store").mkdir(parents=True)
    (tmp_path / file).write_text(f"{pattern}\n")
    command = ["git", "check-ignore", "-q", str(path)]
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(command, cwd=tmp_path / "project", check=False)

    assert is_ignored(path, tmp_path / "project") is (done.returncode == 0)


def test_long(tmp_path: Path):
    """Of a file that nobody writes, the first lines are read."""
    (tmp_path / ".gitignore").write_text("x\n" * 9_999 + "y\n" + "z\n" * 1_000_000)

    lines = read_lines(tmp_path / ".gitignore")
    assert (len(lines), lines[-1]) == (10_000, "y")


def test_added(tmp_path: Path):
    """Lines are added at the end of a file, which is made if there is none."""
    add_lines(["/a", "/b"], tmp_path / ".gitignore")
    add_lines(["/c"], tmp_path / ".gitignore")

    assert (tmp_path / ".gitignore").read_bytes() == b"/a\n/b\n/c\n"


@needs_posix
def test_pipe(tmp_path: Path):
    """A pipe is neither found nor written to, and nobody is waited for."""
    os.mkfifo(tmp_path / ".gitignore")

    assert find_nearest(tmp_path) is None
    with pytest.raises(OSError, match="not a regular file"):
        add_lines(["*.mar"], tmp_path / ".gitignore")
