"""A build of one machine, verified from a clone on another."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import CHECKOUT, Project, require


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    command = [require("git"), *identity, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, encoding="utf-8"
    ).stdout.strip()


def verify(folder: Path, archive: Path, status: int = 0) -> str:
    """What `hatch-mar verify --rebuild` says of an archive in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "hatch_mar", "verify", str(archive), "--rebuild"],
        cwd=folder,
        env={"PATH": str(Path(require("git")).parent), "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def test_clone(project: Project, tmp_path: Path) -> None:
    """What `hatch build` wrote has the bytes of the commit in a clone, until the clone changes.

    A trial, which the project asks for, is not part of that.
    """
    text = (project.root / "pyproject.toml").read_text()
    (project.root / ".gitignore").write_text("/dist/\n.hatch/\n")
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "-m", "one")
    project.run("hatch", "build")
    released = tmp_path / "release" / "digits-1.0.mar"
    released.parent.mkdir()
    shutil.move(project.root / "dist" / "digits.mar", released)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(project.root), str(clone))
    commit = git(project.root, "rev-parse", "HEAD")[:12]

    assert verify(clone, released) == f"`{released}` has the bytes of commit `{commit}`\n"

    (clone / "pyproject.toml").write_text(text.replace("[tool.mar]\n", "[tool.mar]\ntry = true\n"))
    assert verify(clone, released) == (
        f"`{released}` has the bytes of commit `{commit}` with uncommitted changes to `pyproject.toml`\n"
    )

    (clone / "weights" / "digits.pt").write_bytes(b"other")
    lines = verify(clone, released, status=1).splitlines()
    assert lines[0] == "~ member digits.pt: 97.7 KiB -> 5 bytes"
    assert lines[1].startswith(f"`{released}` differs from a build of commit `{commit}` with uncommitted")
    assert not (clone / "dist").exists()
    assert not (clone / ".hatch").exists()
