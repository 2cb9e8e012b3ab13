from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hatch_mar.archive.filesystem.walk import CACHES, DEEPEST, LinkLoop, files_below, files_of, is_executable
from tests.archives import needs_posix


def touch(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def names_below(root: Path) -> list[str]:
    return [name for name, _ in files_below(root)]


class TestFilesBelow:
    def test_order(self, tmp_path: Path):
        """The entries of every folder are in the order of their names."""
        touch(tmp_path, "b", "a/z", "a/b/c", "C", ".hidden")

        assert names_below(tmp_path) == [".hidden", "C", "a/b/c", "a/z", "b"]

    def test_paths(self, tmp_path: Path):
        """Each file is given with its name and its path."""
        touch(tmp_path, "a/b")

        assert list(files_below(tmp_path)) == [("a/b", tmp_path / "a" / "b")]

    def test_empty(self, tmp_path: Path):
        """Folders without files give nothing."""
        (tmp_path / "a" / "b").mkdir(parents=True)

        assert names_below(tmp_path) == []

    @pytest.mark.parametrize("cache", sorted(CACHES))
    def test_caches(self, cache: str, tmp_path: Path):
        """Folders of tools and version control are left out at any depth."""
        touch(tmp_path, "kept", f"{cache}/a", f"deep/{cache}/deeper/b")

        assert names_below(tmp_path) == ["kept"]

    @pytest.mark.parametrize("name", ["model.pyc", "model.pyo", ".DS_Store", ".git"])
    def test_cache_files(self, name: str, tmp_path: Path):
        """Files that an interpreter or a file manager leaves behind are left out."""
        touch(tmp_path, "kept", name, f"deep/{name}")

        assert names_below(tmp_path) == ["kept"]

    def test_file_named_as_a_cache(self, tmp_path: Path):
        """A file with the name of a cache folder is not a cache."""
        touch(tmp_path, "__pycache__")

        assert names_below(tmp_path) == ["__pycache__"]


@needs_posix
class TestLinks:
    def test_followed(self, tmp_path: Path):
        """A link to a file or folder counts as its target."""
        touch(tmp_path, "out/side", "in/side")
        (tmp_path / "in" / "file").symlink_to("../out/side")
        (tmp_path / "in" / "folder").symlink_to("../out", target_is_directory=True)

        assert names_below(tmp_path / "in") == ["file", "folder/side", "side"]

    def test_same_folder_twice(self, tmp_path: Path):
        """Two links to one folder are not a loop."""
        touch(tmp_path, "out/side")
        (tmp_path / "in").mkdir()
        for name in "ab":
            (tmp_path / "in" / name).symlink_to("../out", target_is_directory=True)

        assert names_below(tmp_path / "in") == ["a/side", "b/side"]

    def test_broken(self, tmp_path: Path):
        """A broken link is given like a file, so that the caller can report it."""
        (tmp_path / "broken").symlink_to("nowhere")

        assert names_below(tmp_path) == ["broken"]

    def test_link_to_itself(self, tmp_path: Path):
        """A link to itself is a broken link."""
        (tmp_path / "loop").symlink_to("loop")

        assert names_below(tmp_path) == ["loop"]

    @pytest.mark.parametrize("target", [".", "..", "../.."])
    def test_loop(self, target: str, tmp_path: Path):
        """A link back to a folder above is an error that names the link."""
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "a" / "b" / "loop").symlink_to(target, target_is_directory=True)

        with pytest.raises(LinkLoop) as error:
            names_below(tmp_path)

        assert error.value.path == tmp_path / "a" / "b" / "loop"

    def test_loop_outside(self, tmp_path: Path):
        """A loop is also found outside the folder that a link led out of."""
        (tmp_path / "in").mkdir()
        (tmp_path / "out" / "deep").mkdir(parents=True)
        (tmp_path / "in" / "link").symlink_to("../out", target_is_directory=True)
        (tmp_path / "out" / "deep" / "back").symlink_to("../../out", target_is_directory=True)

        with pytest.raises(LinkLoop) as error:
            names_below(tmp_path / "in")

        assert error.value.path == tmp_path / "in" / "link" / "deep" / "back"


class TestDepth:
    """Folders that are nested more deeply than Python's functions walk, which somebody may have planted."""

    @pytest.fixture
    def deep(self, tmp_path: Path) -> Path:
        folder = tmp_path / "deep"
        folder.joinpath(*["a"] * (DEEPEST + 1)).mkdir(parents=True)
        return folder

    @pytest.mark.parametrize("walk", [names_below, files_of])
    def test_refused(self, walk: Callable[[Path], object], deep: Path):
        """That is an error of the system, as when a folder may not be read."""
        with pytest.raises(OSError, match="folders are nested too deeply"):
            walk(deep)

    def test_deepest(self, deep: Path):
        """What is not quite as deep is read."""
        (deep / "a" / "a" / "file").touch()

        assert files_of(deep / "a" / "a") == [deep / "a" / "a" / "file"]
        assert names_below(deep / "a" / "a") == ["file"]


class TestFilesOf:
    @needs_posix
    def test_links(self, tmp_path: Path):
        """A link is one of the files, and is not followed; so is a pipe, and directories are not."""
        (tmp_path / "a" / "empty").mkdir(parents=True)
        (tmp_path / "a" / "file").touch()
        (tmp_path / "a" / "link").symlink_to(tmp_path)

        assert files_of(tmp_path) == [tmp_path / "a" / "file", tmp_path / "a" / "link"]
        assert files_of(tmp_path / "a" / "file") == [tmp_path / "a" / "file"]


class TestIsExecutable:
    @needs_posix
    @pytest.mark.parametrize(
        ("mode", "expected"), [(0o644, False), (0o755, True), (0o700, True), (0o655, False)]
    )
    def test_owner(self, mode: int, expected: bool, tmp_path: Path):
        """A file is executable if its owner may run it."""
        file = tmp_path / "run.sh"
        file.touch()
        file.chmod(mode)

        assert is_executable(file) is expected
