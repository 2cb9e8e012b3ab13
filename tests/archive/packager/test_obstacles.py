from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.errors import PackError
from tests.archives import PACKING, archive_of, needs_posix, tree

NEW = archive_of({"model.py": b"new", "deep/weights.pth": b"\x80" * 1000})

ALL_FORMATS = {**FORMATS, "workflow": WORKFLOW}


@pytest.fixture(params=ALL_FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return ALL_FORMATS[request.param]


class TestObstacles:
    @pytest.mark.parametrize("name", [name for name, form in ALL_FORMATS.items() if form.suffix])
    def test_directory(self, name: str, tmp_path: Path):
        """A directory in the place of a file is refused, and stays."""
        path = tmp_path / "digits.mar"
        path.mkdir()
        (path / "notes.txt").touch()

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, ALL_FORMATS[name], PACKING)

        expected = f"Cannot write `{path}`: a directory of that name exists; move it away"
        assert str(error.value) == expected
        assert tree(tmp_path) == {"digits.mar/notes.txt": b""}

    @needs_posix
    @pytest.mark.parametrize("name", [name for name, form in ALL_FORMATS.items() if form.suffix])
    def test_pipe(self, name: str, tmp_path: Path):
        """A pipe in the place of a file is refused, and stays."""
        path = tmp_path / "digits.mar"
        os.mkfifo(path)

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, ALL_FORMATS[name], PACKING)

        assert str(error.value) == f"Cannot write `{path}`: it is not a regular file; move it away"
        assert path.is_fifo()

    @pytest.mark.parametrize("kind", ["file", "empty directory", "directory"])
    def test_no_model(self, kind: str, tmp_path: Path):
        """A directory that is not a model is not replaced by one."""
        path = tmp_path / "digits"
        if kind == "file":
            path.touch()
        else:
            path.mkdir()
        if kind == "directory":
            (path / "thesis.tex").touch()
        before = tree(tmp_path)

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, FORMATS["no-archive"], PACKING)

        expected = f"Cannot write `{path}`: it exists and is not a model archive; move it away"
        assert str(error.value) == expected
        assert before == tree(tmp_path)
        assert list(tmp_path.iterdir()) == [path]

    def test_parent_is_a_file(self, form: Format, tmp_path: Path):
        """An error of one line names the file that is in the place of the directory."""
        path = tmp_path / "dist" / f"digits{form.suffix}"
        path.parent.touch()

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, form, PACKING)

        expected = f"Cannot write `{path}`: `{path.parent}` is not a directory; move it away"
        assert str(error.value) == expected

    @pytest.mark.parametrize("folder", ["", "dist"], ids=["there", "to be made"])
    def test_name_too_long(self, folder: str, form: Format, tmp_path: Path):
        """A name that is too long for a file is an error of one line, before anything is written."""
        path = tmp_path / folder / ("a" * 260 + form.suffix)

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, form, PACKING)

        expected = f"Cannot write `{path}`: its name is too long for the file system; choose a shorter one"
        assert str(error.value) == expected
        assert list(tmp_path.iterdir()) == []
