from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.plugin.manager import PluginManager

from hatch_mar.hatch.builder import MarBuilder
from tests.hatch.conftest import ARCHIVE, WriteProject

THREE_ARCHIVES = """
[tool.mar]
handler = "handler.py"

[[tool.mar.archives]]
model-name = "two"

[[tool.mar.archives]]
model-name = "one"

[[tool.mar.archives]]
model-name = "one"
archive-format = "tgz"
export-path = "store"
"""


def builder(root: Path) -> MarBuilder:
    return MarBuilder(str(root), plugin_manager=PluginManager())


def files(root: Path) -> set[str]:
    found = [*root.rglob("*.mar"), *root.rglob("*.tar.gz")]
    return {file.relative_to(root).as_posix() for file in found}


class TestVersions:
    def test_archives(self, write_project: WriteProject):
        """Every archive is a version of the target, in the order of the configuration."""
        made = builder(write_project(THREE_ARCHIVES))

        assert made.get_default_versions() == ["two", "one.mar", "one.tar.gz"]
        assert list(made.get_version_api()) == ["two", "one.mar", "one.tar.gz"]

    def test_fault(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """A fault of `[tool.mar]` ends the build with one line."""
        with pytest.raises(SystemExit) as error:
            builder(write_project("\n[tool.mar]\nhandler = 1\n")).get_version_api()

        assert error.value.code == 1
        assert capsys.readouterr().err == "Field `tool.mar.handler` must be a string [MAR004]\n"


class TestBuild:
    def test_all(self, write_project: WriteProject):
        """Without a version, all archives are built, and their paths returned."""
        root = write_project(THREE_ARCHIVES)
        expected = [root / "dist" / "two.mar", root / "dist" / "one.mar", root / "store" / "one.tar.gz"]

        assert list(builder(root).build()) == [str(path) for path in expected]
        assert files(root) == {"dist/two.mar", "dist/one.mar", "store/one.tar.gz"}

    def test_one(self, write_project: WriteProject):
        """With a version, as in `hatch build -t mar:two`, only that archive is built."""
        root = write_project(THREE_ARCHIVES)
        list(builder(root).build(versions=["two"]))

        assert files(root) == {"dist/two.mar"}

    def test_unknown(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """An unknown version ends the build with a line that lists the archives."""
        with pytest.raises(SystemExit) as error:
            list(builder(write_project(THREE_ARCHIVES)).build(versions=["three"]))

        assert error.value.code == 1
        assert (
            capsys.readouterr().err
        ) == "Unknown archive `three`; the project has `two`, `one.mar`, `one.tar.gz`\n"

    def test_one_needs_its_own_files_only(self, write_project: WriteProject):
        """An archive can be built even if another one has a fault."""
        more = '\n[[tool.mar.archives]]\nmodel-name = "three"\nmodel-file = "missing.py"\n'
        root = write_project(THREE_ARCHIVES + more)
        list(builder(root).build(versions=["two"]))

        assert files(root) == {"dist/two.mar"}

    def test_directory(self, write_project: WriteProject, tmp_path: Path):
        """The archive is written to the build directory."""
        [path] = builder(write_project()).build(directory=str(tmp_path / "out"))

        assert str(tmp_path / "out" / "Digits.mar") == path
        assert zipfile.is_zipfile(path)

    def test_again(self, write_project: WriteProject):
        """The path is also returned if the archive is unchanged."""
        root = write_project()

        assert list(builder(root).build()) == list(builder(root).build())

    def test_fault(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """A missing file ends the build with one line."""
        root = write_project()
        (root / "weights" / "model.pth").unlink()

        with pytest.raises(SystemExit) as error:
            list(builder(root).build())
        assert error.value.code == 1
        assert (
            capsys.readouterr().err
        ) == "Field `tool.mar.serialized-file`: file not found: `weights/model.pth` [MAR021]\n"

    def test_with_the_hook(self, write_project: WriteProject, capsys: pytest.CaptureFixture[str]):
        """With the hook enabled for every target, the archive is still built only once."""
        root = write_project(more="[tool.hatch.build.hooks.mar]\n")

        assert [str(root / "dist" / "Digits.mar")] == list(builder(root).build())
        assert capsys.readouterr().err == ""

    def test_same_as_the_hook(self, write_project: WriteProject):
        """Builder and hook write the same bytes."""
        from tests.hatch.test_build_hook import hook, run

        root = write_project()
        [path] = builder(root).build(directory=str(root / "out"))
        run(hook(root))

        assert (root / "dist" / "Digits.mar").read_bytes() == Path(path).read_bytes()

    def test_include_project(self, write_project: WriteProject):
        """`include-project` adds the wheel's files."""
        root = write_project('\n[tool.mar]\nhandler = "handler.py"\ninclude-project = true\n')
        [path] = builder(root).build()

        with zipfile.ZipFile(path) as file:
            assert file.namelist() == ["MAR-INF/MANIFEST.json", "handler.py", "model.py"]

    def test_not_reproducible(self, write_project: WriteProject):
        """A target that is not reproducible uses the current time."""
        root = write_project(more="[tool.hatch.build.targets.mar]\nreproducible = false\n")
        [path] = builder(root).build()

        with zipfile.ZipFile(path) as file:
            assert {info.date_time > (2024, 1, 1) for info in file.infolist()} == {True}


class TestClean:
    def test_all(self, write_project: WriteProject):
        """Only the archives of the configuration are removed."""
        root = write_project(THREE_ARCHIVES)
        list(builder(root).build())
        (root / "dist" / "other.mar").touch()
        list(builder(root).build(clean_only=True))

        assert files(root) == {"dist/other.mar"}

    def test_before_the_build(self, write_project: WriteProject):
        """`hatch build -c` builds the same archives as `hatch build`."""
        root = write_project(THREE_ARCHIVES)
        list(builder(root).build())
        list(builder(root).build(clean=True))

        assert files(root) == {"dist/two.mar", "dist/one.mar", "store/one.tar.gz"}

    def test_one(self, write_project: WriteProject):
        """With a version, that archive is removed."""
        root = write_project(THREE_ARCHIVES)
        list(builder(root).build())
        list(builder(root).build(versions=["one.mar"], clean_only=True))

        assert files(root) == {"dist/two.mar", "store/one.tar.gz"}

    def test_older(self, write_project: WriteProject):
        """The archives of the same model under older versions are removed too."""
        named = 'archive-name = "{model-name}-{version}"\nversion = '
        root = write_project(f'{ARCHIVE}{named}"1.0"\n')
        list(builder(root).build())
        write_project(f'{ARCHIVE}{named}"1.1"\n')
        list(builder(root).build(clean=True))

        assert files(root) == {"dist/Digits-1.1.mar"}

    def test_foreign(self, write_project: WriteProject):
        """What is not an archive is kept."""
        root = write_project(ARCHIVE + 'archive-format = "no-archive"\n')
        (root / "dist" / "Digits").mkdir(parents=True)
        list(builder(root).build(clean_only=True))

        assert (root / "dist" / "Digits").is_dir()
