from __future__ import annotations

from pathlib import Path

from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.layout.targets import find_obstacles


def config(name: str, form: str = "default") -> ArchiveConfig:
    return ArchiveConfig(name, "1.0", "h.py", archive_format=form)


def found(*targets: tuple[ArchiveConfig, Path]) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.code, finding.archives) for finding in find_obstacles(targets)]


class TestFindObstacles:
    def test_free(self, tmp_path: Path):
        """An archive may be written where nothing is, or where an older one is."""
        (tmp_path / "a.mar").touch()

        assert found((config("a"), tmp_path / "a.mar"), (config("b"), tmp_path / "b.mar")) == []

    def test_occupied(self, tmp_path: Path):
        """A directory is never replaced by a file, nor by an archive unless it is one."""
        (tmp_path / "a").mkdir()

        assert found((config("a"), tmp_path / "a")) == [("MAR027", ("a",))]
        assert found((config("b", "no-archive"), tmp_path / "a")) == [("MAR027", ("b",))]

    def test_same(self, tmp_path: Path):
        """Two archives are not written to one path, whatever it is called."""
        one, other = config("a"), config("A")

        assert found((one, tmp_path / "a.mar"), (other, tmp_path / "x/../A.mar")) == [("MAR007", ("a", "A"))]
