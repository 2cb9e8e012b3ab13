from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.packager.owner import Owner, claim
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.project.config.models import ArchiveConfig, Config, WorkflowConfig
from hatch_mar.project.layout import targets
from hatch_mar.project.layout.targets import Target, find_obstacles
from tests.archives import PACKING, archive_of


def config(name: str, form: str = "default") -> ArchiveConfig:
    return ArchiveConfig(name, "1.0", "h.py", archive_format=form)


def found(*targets: tuple[Config, Path], owner: Owner | None = None) -> list[tuple[str, tuple[str, ...]]]:
    findings = find_obstacles([Target(*target) for target in targets], owner)
    return [(finding.code, finding.archives) for finding in findings]


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

    def test_file_above(self, tmp_path: Path):
        """Nor is a file replaced by a directory for an archive."""
        (tmp_path / "store").touch()

        assert found((config("a"), tmp_path / "store/new/a.mar")) == [("MAR027", ("a",))]

    def test_same(self, tmp_path: Path):
        """Two archives are not written to one path, whatever it is called."""
        one, other = config("a"), config("A")

        assert found((one, tmp_path / "a.mar"), (other, tmp_path / "x/../A.mar")) == [("MAR007", ("a", "A"))]

    def test_other_project(self, tmp_path: Path):
        """An archive of another project is not replaced, one of the same project or of none is."""
        path, one, other = tmp_path / "a.mar", Owner("one", tmp_path / "1"), Owner("other", tmp_path / "2")
        with claim(path, one):
            path.touch()

        assert found((config("a"), path), owner=one) == []
        assert found((config("a"), path)) == []
        assert found((config("a"), path), owner=other) == [("MAR030", ("a",))]

    def test_other_project_message(self, tmp_path: Path):
        """The message names both projects, and says what to do."""
        path, one, other = tmp_path / "a.mar", Owner("one", tmp_path / "1"), Owner("other", tmp_path / "2")
        with claim(path, one):
            path.touch()
        [finding] = find_obstacles([Target(config("a"), path)], other)

        assert str(finding) == (
            f"Cannot write `{path}`: it belongs to project `one` (`{tmp_path / '1'}`),"
            f" and project `other` (`{tmp_path / '2'}`) would replace it;"
            " set another `model-name`, `archive-name` or `export-path` in one of the two,"
            " or delete the archive if it is a leftover [MAR030]"
        )

    def test_foreign(self, tmp_path: Path):
        """A directory in which somebody has put a file is not replaced; a build's own is."""
        archive = archive_of({"model.py": b"model"})
        path = pack_as(archive, tmp_path / "a", FORMATS["no-archive"], PACKING).path
        target = Target(config("a", "no-archive"), path, archive)
        assert [*find_obstacles([target])] == []

        (path / "notes.txt").touch()
        [finding] = find_obstacles([target])
        assert str(finding) == (
            f"Cannot replace `{path}`: no build wrote `notes.txt` in it;"
            " move what you need away, and delete the directory [MAR035]"
        )

    def test_replaced(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A directory that another build is just replacing is no obstacle."""

        def replace(path: Path, archive: object) -> list[str]:
            (path / "model.py").unlink()
            return [str(os.stat(path / "model.py"))]

        archive = archive_of({"model.py": b"model"})
        path = pack_as(archive, tmp_path / "a", FORMATS["no-archive"], PACKING).path
        monkeypatch.setattr(targets, "find_foreign", replace)

        assert [*find_obstacles([Target(config("a", "no-archive"), path, archive)])] == []

    def test_same_bytes(self, tmp_path: Path):
        """A copy, whose files have times of their own, is replaced if the archive has all that is in it."""
        archive = archive_of({"model.py": b"model"})
        path = pack_as(archive, tmp_path / "a", FORMATS["no-archive"], PACKING).path
        os.utime(path / "model.py", (1, 1))
        target = Target(config("a", "no-archive"), path, archive)

        assert [*find_obstacles([target])] == []
        assert [*find_obstacles([target._replace(archive=None)])] == []
        other = target._replace(archive=archive_of({"model.py": b"other"}))
        assert [finding.code for finding in find_obstacles([other])] == ["MAR035"]

    def test_long_name(self, tmp_path: Path):
        """A name that no file can have is found before the folder is made."""
        path = tmp_path / "dist" / ("a" * 260)

        assert found((config(path.name), path)) == [("MAR031", (path.name,))]
        assert list(tmp_path.iterdir()) == []

    def test_long_name_message(self, tmp_path: Path):
        """The message names the key that the name is from."""
        path = tmp_path / ("a" * 260)
        [archive] = find_obstacles([Target(config("a"), path)])
        [workflow] = find_obstacles([Target(WorkflowConfig("a", "spec.yaml"), path)])

        start = f"Cannot write `{path}`: its name is too long for the file system; set a shorter"
        assert str(archive) == f"{start} `archive-name` [MAR031]"
        assert str(workflow) == f"{start} `workflow-name` [MAR031]"
        assert archive.place.key == ("tool", "mar", "archive-name")
