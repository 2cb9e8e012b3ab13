from __future__ import annotations

from pathlib import Path

from hatchling.builders.sdist import SdistBuilder

from hatch_mar.hatch.shipping import Shipping

PROJECT = '[project]\nname = "digits"\nversion = "1.0"\n'


def made(tmp_path: Path, more: str) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT + more)
    (root / ".gitignore").touch()
    return root


class TestIgnoreList:
    """Where a pattern has to stand for hatchling to leave a file out."""

    @staticmethod
    def ignore_list(root: Path) -> str:
        return Shipping(SdistBuilder(str(root)), {}, root / "dist").ignore_list

    def test_own(self, tmp_path: Path):
        """In the project's `.gitignore`, also if there is none yet."""
        root = made(tmp_path, "")
        assert self.ignore_list(root) == "`.gitignore`"

        (root / ".gitignore").unlink()
        (root / ".git").mkdir()
        assert self.ignore_list(root) == "`.gitignore`"

    def test_of_the_repository(self, tmp_path: Path):
        """Not in that of a repository around the project, where the pattern would mean another folder."""
        root = made(tmp_path, "")
        (root / ".gitignore").rename(tmp_path / ".gitignore")

        assert self.ignore_list(root) == "`exclude` in `[tool.hatch.build]`"

    def test_not_read(self, tmp_path: Path):
        """Not there if hatchling does not read it."""
        root = made(tmp_path, "[tool.hatch.build]\nignore-vcs = true\n")

        assert self.ignore_list(root) == "`exclude` in `[tool.hatch.build]`"
