from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_mar.cli._selection import is_archive, split
from hatch_mar.errors import ConfigError
from tests.archives import needs_posix


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an archive on disk and a package that has the model's name."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "store").mkdir()
    (tmp_path / "store/digits.mar").touch()
    (tmp_path / "digits").mkdir()
    (tmp_path / "unpacked/MAR-INF").mkdir(parents=True)
    (tmp_path / "unpacked/MAR-INF/MANIFEST.json").touch()
    (tmp_path / "outer/inner/MAR-INF").mkdir(parents=True)
    (tmp_path / "outer/inner/MAR-INF/MANIFEST.json").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("root")
class TestSplit:
    def test_both(self):
        """Archives on disk are told from names."""
        files, names = split(["store/digits.mar", "digits", "unpacked", "absent"], Path("."))

        assert files == [Path("store/digits.mar"), Path("unpacked")]
        assert names == ["digits", "absent"]

    def test_names_without_project(self, root: Path):
        """A name needs a project that declares it."""
        with pytest.raises(ConfigError) as error:
            split(["a", "store/digits.mar", "b.mar"], root / "store")

        missing = f"and there is no `{root / 'store/pyproject.toml'}` that declares it"
        assert error.value.faults == (
            f"File not found: `a`, {missing}",
            f"File not found: `b.mar`, {missing}",
        )


@pytest.mark.usefixtures("root")
class TestIsArchive:
    @pytest.mark.parametrize(
        "path",
        [
            *("store/digits.mar", "unpacked", "outer", "pyproject.toml"),
            *("digits/", "./digits", "./digits/../digits"),
        ],
    )
    def test_is(self, path: str):
        """A file, a directory with a manifest, and any existing path are archives on disk."""
        assert is_archive(path)

    @needs_posix
    def test_pipe(self):
        """What is no regular file is none of the project's names either."""
        os.mkfifo("pipe.mar")

        assert is_archive("pipe.mar")

    @pytest.mark.parametrize("path", ["digits", "absent.mar", "store/absent.mar"])
    def test_is_not(self, path: str):
        """A directory with the model's name, or anything that does not exist, is a name."""
        assert not is_archive(path)
