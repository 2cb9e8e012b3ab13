"""`SHA256SUMS` beside a project's archives."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from hatch_mar.build.plan import load_configs
from hatch_mar.build.sums import write_sums
from hatch_mar.errors import PackError
from tests.archives import SomeProject
from tests.build import LEAST, planned

TABLE = LEAST | {"archive-name": "{model-name}-{version}", "archives": [{}, {"model-name": "letters"}]}


def built(root: Path, version: str = "1.0") -> Path:
    """The folder of the project's archives."""
    for one in planned(root, TABLE | {"version": version}):
        one.build()
    return root / "dist"


def summed(root: Path) -> list[str]:
    """The lines of `SHA256SUMS`, written anew."""
    configs = load_configs(SomeProject(root, {"tool": {"mar": TABLE}}))
    path = write_sums(root / "dist", configs)
    return path.read_text().splitlines() if path else []


def line_of(path: Path) -> str:
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"


class TestWrite:
    def test_all(self, project: Path):
        """Every archive of the project is listed, whatever its version, in the order of their names."""
        folder = built(project, "0.9")
        built(project)
        expected = [line_of(path) for path in sorted(folder.glob("*.mar"))]

        assert len(expected) == 4
        assert summed(project) == expected

    @pytest.mark.skipif(shutil.which("sha256sum") is None, reason="not everywhere")
    def test_sha256sum(self, project: Path):
        """`sha256sum -c` accepts it, in its folder."""
        folder = built(project)
        summed(project)

        subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, check=True)

    def test_again(self, project: Path):
        """What is gone is no longer listed, and what has changed has another digest."""
        folder = built(project)
        summed(project)
        (folder / "letters-1.0.mar").unlink()
        (project / "handler.py").write_text("def handle(data, context): return [1]\n")
        for one in planned(project, TABLE)[:1]:
            one.build()

        assert summed(project) == [line_of(folder / "digits-1.0.mar")]

    def test_others(self, project: Path):
        """Lines about files of others stay while these do."""
        folder = built(project)
        (folder / "other.mar").write_bytes(b"other")
        other = line_of(folder / "other.mar")
        (folder / "SHA256SUMS").write_text(f"{other}\n{'0' * 64}  gone.mar\n")

        assert [line.split()[1] for line in summed(project)] == [
            "digits-1.0.mar",
            "letters-1.0.mar",
            "other.mar",
        ]
        assert other in summed(project)

    def test_other_form(self, project: Path):
        """What is not a list of digests is not replaced."""
        folder = built(project)
        (folder / "SHA256SUMS").write_text("MD5 (digits.mar) = 0\n")

        with pytest.raises(PackError, match=r"SHA256SUMS`: it is not in the form of .* in line 1; remove it"):
            summed(project)
        assert (folder / "SHA256SUMS").read_text() == "MD5 (digits.mar) = 0\n"

    def test_obstacle(self, project: Path):
        """A directory of the name is an error of one line."""
        (built(project) / "SHA256SUMS").mkdir()

        with pytest.raises(PackError, match=r"^Cannot write `.*SHA256SUMS`: "):
            summed(project)

    def test_nothing(self, project: Path):
        """Without archives there is no list, not even an old one."""
        folder = built(project)
        summed(project)
        for path in folder.glob("*.mar"):
            path.unlink()

        assert summed(project) == []
        assert not (folder / "SHA256SUMS").exists()
