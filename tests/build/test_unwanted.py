from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.build.unwanted import find_in_next_sdist, find_unwanted
from hatch_mar.project.hatch_settings import HatchSettings
from tests.build import LEAST, planned


def sdist(project: Path, *names: str) -> Path:
    """An sdist with files of these names."""
    path = project / "digits-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        for name in names:
            file.addfile(tarfile.TarInfo(f"digits-1.0/{name}"), io.BytesIO())
    return path


def unwanted(project: Path, path: Path, table: dict[str, Any], directory: str = "dist") -> list[str]:
    return [*find_unwanted(path, planned(project, {**LEAST, **table}, directory), "flit_core.buildapi")]


class TestFindUnwanted:
    @pytest.mark.parametrize(
        ("form", "name", "shown", "pattern"),
        [
            ("default", "store/digits.mar", "store/digits.mar", "/store/*.mar"),
            ("tgz", "store/digits.tar.gz", "store/digits.tar.gz", "/store/*.tar.gz"),
            ("no-archive", "store/digits/MAR-INF/MANIFEST.json", "store/digits", "/store/digits/"),
        ],
    )
    def test_shipped(self, form: str, name: str, shown: str, pattern: str, project: Path):
        """What is in the sdist is named with the line that keeps it out, in every format."""
        table = {"export-path": "store", "archive-format": form}

        [line] = unwanted(project, sdist(project, "handler.py", name), table)

        assert line == (
            f"`{Path(shown)}` is among the files that `flit_core.buildapi` puts into the sdist;"
            f" add `{pattern}` to `.gitignore`, or exclude it in the settings of that backend,"
            " unless the wheel is to have it"
        )

    def test_of_an_earlier_build(self, project: Path):
        """So is an archive that an earlier build left in a directory of the project."""
        assert len(unwanted(project, sdist(project, "out/digits.mar"), {}, "out")) == 1

    @pytest.mark.parametrize(
        "name",
        ["handler.py", "digits.mar", "other/store/digits.mar", "store/digits.mark", "store/letters.mar"],
    )
    def test_others(self, name: str, project: Path):
        """A file of another path is not meant."""
        assert unwanted(project, sdist(project, name), {"export-path": "store"}) == []

    @pytest.mark.parametrize("package", ["src/digits/store", "src/digits"])
    def test_in_package(self, package: str, project: Path):
        """An archive in a package, or in a directory of its data, is to be there."""
        (project / "src/digits/store").mkdir(parents=True)
        (project / package / "__init__.py").touch()
        path = sdist(project, "src/digits/store/digits.mar")

        assert unwanted(project, path, {"export-path": "src/digits/store"}) == []

    def test_outside(self, project: Path, tmp_path: Path):
        """An archive outside of the project is in no sdist."""
        path = sdist(project, "digits.mar", "store/digits.mar")

        for directory in (str(tmp_path / "store"), "../store"):
            assert unwanted(project, path, {"export-path": directory}) == []

    def test_unreadable(self, project: Path):
        """Of an sdist that is no `.tar.gz` nothing is said."""
        path = project / "digits-1.0.tar.gz"
        path.write_bytes(b"PK")

        assert unwanted(project, path, {"export-path": "store"}) == []


class TestInNextSdist:
    HATCHLING: dict[str, Any] = {"build-system": {"build-backend": "hatchling.build"}}  # noqa: RUF012

    def find(self, project: Path, directory: str, pyproject: dict[str, Any] | None = None) -> list[str]:
        settings = HatchSettings(project, self.HATCHLING if pyproject is None else pyproject)
        return [*find_in_next_sdist(planned(project, LEAST, directory), settings)]

    def test_shipped(self, project: Path):
        """An archive among the files of the project is named, with the line that keeps it out."""
        [line] = self.find(project, "store")

        assert line == (
            f"`{Path('store/digits.mar')}` is among the files that hatchling puts into the sdist;"
            " add `/store/*.mar` to `.gitignore`"
        )

    def test_not_shipped(self, project: Path):
        """Nothing is said of one elsewhere, of one that is ignored, or of another backend."""
        assert self.find(project, "../store") == []
        assert self.find(project, "dist") == []
        assert self.find(project, "store", {}) == []

        (project / ".gitignore").write_text("*.mar\n")
        assert self.find(project, "store") == []
