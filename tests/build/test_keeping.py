from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from hatch_mar.build.keeping import (
    LEFT_OUT_OF_SDIST,
    SDIST,
    came_with_sdist,
    destination,
    leave_out,
    why_left_out,
)
from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import ArchiveConfig
from tests.archives import needs_posix
from tests.build import write_archive

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n"


def tag(folder: Path, text: str = TAG) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CACHEDIR.TAG").write_text(text)
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "above" / "project"
    path.mkdir(parents=True)
    return path


class TestSwitches:
    @pytest.mark.parametrize("value", ["1", "true"])
    def test_skip(self, root: Path, value: str, monkeypatch: pytest.MonkeyPatch):
        """`HATCH_MAR_SKIP` leaves archives out."""
        monkeypatch.setenv("HATCH_MAR_SKIP", value)

        assert why_left_out(root, root / "dist") == "`HATCH_MAR_SKIP` is set"

    @pytest.mark.parametrize("value", ["", "0", "false"])
    def test_off(self, root: Path, value: str, monkeypatch: pytest.MonkeyPatch):
        """What is false for hatchling's own switches is false for these."""
        monkeypatch.setenv("HATCH_MAR_SKIP", value)
        monkeypatch.setenv("HATCH_MAR_REQUIRE", value)

        assert why_left_out(root, root / "dist") is None
        assert leave_out("it is a test") == "Archives not built: it is a test"

    @pytest.mark.parametrize("value", ["yes", "True", "2"])
    def test_neither(self, root: Path, value: str, monkeypatch: pytest.MonkeyPatch):
        """A value that is neither true nor false is refused, whether or not archives are left out."""
        for variable in ("REQUIRE", "SKIP"):
            monkeypatch.setenv(f"HATCH_MAR_{variable}", value)
            with pytest.raises(ConfigError) as error:
                why_left_out(root)
            assert str(error.value) == (
                f"Environment variable `HATCH_MAR_{variable}` must be `1` or `true`, or else `0`, `false`"
                f" or empty: `{value}`"
            )

    def test_require(self, monkeypatch: pytest.MonkeyPatch):
        """`HATCH_MAR_REQUIRE` makes an error of what would be left out."""
        monkeypatch.setenv("HATCH_MAR_REQUIRE", "1")

        with pytest.raises(ConfigError) as error:
            leave_out("pip keeps only the wheel")
        assert str(error.value) == (
            "Archives would not be built, but `HATCH_MAR_REQUIRE` is set: pip keeps only the wheel"
        )


class TestFrontends:
    @pytest.mark.parametrize(
        ("variable", "frontend"), [("PIP_BUILD_TRACKER", "pip"), ("CIBUILDWHEEL", "cibuildwheel")]
    )
    def test_wheel_only(self, root: Path, variable: str, frontend: str, monkeypatch: pytest.MonkeyPatch):
        """Frontends that keep only the wheel."""
        monkeypatch.setenv(variable, "1")

        assert why_left_out(root) == why_left_out(root, root / "dist") == f"{frontend} keeps only the wheel"

    def test_empty(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """A variable that is set to nothing, as CI systems do, stands for no frontend."""
        monkeypatch.setenv("CIBUILDWHEEL", "")

        assert why_left_out(root, root / "dist") is None

    def test_sdist(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """An unpacked sdist, whoever builds it."""
        (root / "PKG-INFO").touch()
        assert why_left_out(root) == why_left_out(root, root / "dist") == SDIST

        monkeypatch.setenv("PIP_BUILD_TRACKER", "1")
        assert why_left_out(root) == SDIST

    def test_beside_sdist(self, root: Path, tmp_path: Path):
        """A wheel that goes where the sdist lies from which it is built."""
        (root / "PKG-INFO").touch()
        (tmp_path / "project.tar.gz").touch()

        assert why_left_out(root, tmp_path) == LEFT_OUT_OF_SDIST

    def test_kept(self, root: Path):
        """Any other build makes archives."""
        assert why_left_out(root) is None
        assert why_left_out(root, root / "dist") is None
        assert why_left_out(root, root.parent / "out") is None


class TestCache:
    @pytest.mark.parametrize("folder", [".tox", "target"])
    def test_inside_the_project(self, root: Path, folder: str):
        """A cache in the project, such as tox's environments; the reason names its tag."""
        directory = tag(root / folder) / ".pkg/dist"

        assert why_left_out(root, directory) == (
            f"`{directory}` is in a cache, which `{root / folder / 'CACHEDIR.TAG'}` marks;"
            " build into another directory to keep them"
        )

    def test_elsewhere(self, root: Path, tmp_path: Path):
        """A cache elsewhere, such as uv's."""
        assert why_left_out(root, tag(tmp_path / "uv") / "builds-v0/.tmpA") is not None

    def test_the_directory_itself(self, root: Path, tmp_path: Path):
        """A directory that is a cache."""
        assert why_left_out(root, tag(tmp_path / "wheels")) is not None

    def test_around_the_project(self, root: Path):
        """A tag above the project, or in it, is the project's own, in a workspace as well."""
        tag(root.parent)
        tag(root)

        assert why_left_out(root, root / "dist") is None
        assert why_left_out(root, root / ".build" / "dist") is None
        assert why_left_out(root, root.parent / "dist") is None

    def test_cloned_into_the_cache(self, tmp_path: Path):
        """A project that uv has cloned into the cache that it builds in."""
        cache = tag(tmp_path / "uv")
        root = cache / "git-v0/checkouts/a/b"
        root.mkdir(parents=True)

        assert why_left_out(root, cache / "builds-v0/.tmpA") is not None

    def test_inner_cache(self, root: Path):
        """A cache in a project that is itself in one."""
        tag(root.parent)

        assert why_left_out(root, tag(root / "target") / "wheels") is not None

    @pytest.mark.parametrize("text", ["", "Signature: something else", "8a477f597d28d172789f06886806bc55"])
    def test_no_signature(self, root: Path, text: str):
        """A file of that name that does not begin with the signature marks nothing."""
        assert why_left_out(root, tag(root / "target", text) / "wheels") is None

    @needs_posix
    def test_pipe(self, root: Path):
        """A pipe of that name marks nothing, and nobody is waited for."""
        (root / "target").mkdir()
        os.mkfifo(root / "target" / "CACHEDIR.TAG")

        assert why_left_out(root, root / "target" / "wheels") is None

    def test_link(self, root: Path, tmp_path: Path):
        """A link into a cache leads there."""
        (root / "out").symlink_to(tag(tmp_path / "uv"), target_is_directory=True)

        assert why_left_out(root, root / "out") is not None


class TestCameWithSdist:
    ONE = ArchiveConfig("one", "1", "handler.py")
    EXPORTED = ArchiveConfig("two", "1", "handler.py", export_path="store")

    def test_beside(self, root: Path, tmp_path: Path):
        """The archives are in the directory, where the sdist's own build has put them."""
        (tmp_path / "project.tar.gz").touch()
        write_archive(tmp_path / "one.mar", {"modelName": "one"})

        assert came_with_sdist([self.ONE], root, tmp_path)
        assert came_with_sdist([self.ONE, self.EXPORTED], root, tmp_path)

    def test_missing(self, root: Path, tmp_path: Path):
        """One is not there, or another file has its name."""
        (tmp_path / "project.tar.gz").touch()
        assert not came_with_sdist([self.ONE], root, tmp_path)

        (tmp_path / "one.mar").touch()
        assert not came_with_sdist([self.ONE], root, tmp_path)

    def test_installed(self, root: Path, tmp_path: Path):
        """An installation of the sdist by uv."""
        assert not came_with_sdist([self.EXPORTED], root, tag(tmp_path / "uv") / "builds-v0/.tmpA")

    def test_built_here(self, root: Path):
        """A build in the unpacked sdist itself, whatever is left there from before."""
        (root / "dist").mkdir()
        (root / "dist" / "project.tar.gz").touch()
        write_archive(root / "dist" / "one.mar", {"modelName": "one"})

        assert not came_with_sdist([self.ONE], root, root / "dist")


class TestDestination:
    WORK = Path(tempfile.gettempdir(), "a", "work")

    def test_default(self, root: Path):
        """Archives go where the wheel goes."""
        assert destination(root, self.WORK) == self.WORK

    def test_hatch(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """hatch's temporary directory stands for `dist`, whatever variable only hatchling reads."""
        monkeypatch.setenv("HATCH_ENV_ACTIVE", "hatch-build")
        monkeypatch.setenv("HATCH_BUILD_LOCATION", "out")

        assert destination(root, self.WORK) == root / "dist"

    @needs_posix
    def test_linked(self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """hatch follows links to the temporary directory, which may be in the project."""
        (root / "real").mkdir()
        (tmp_path / "link").symlink_to(root / "real", target_is_directory=True)
        monkeypatch.setenv("HATCH_ENV_ACTIVE", "hatch-build")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "link"))

        assert destination(root, root / "real" / "a" / "work") == root / "dist"

    def test_other_directory(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """Another frontend that runs in an environment of hatch."""
        monkeypatch.setenv("HATCH_ENV_ACTIVE", "default")

        assert destination(root, root / "dist") == root / "dist"
        assert destination(root, root / "work") == root / "work"
        assert destination(root, Path("/srv/work")) == Path("/srv/work")
