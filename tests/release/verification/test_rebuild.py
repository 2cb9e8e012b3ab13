"""Archives built again, and compared."""

from __future__ import annotations

import errno
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest

from hatch_mar.archive.formats import tgz
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.formats.reader import read
from hatch_mar.archive.manifest import Manifest
from hatch_mar.build.plan import plan_project
from hatch_mar.errors import CheckError, PackError, ReadError, ReleaseError
from hatch_mar.project.pyproject import PyProject
from hatch_mar.release.verification.rebuild import Rebuilt, read_time, rebuild
from tests.archives import INSTANT, needs_posix, tree

PYPROJECT = """
[project]
name = "digits"
version = "1.0"

[tool.mar]
handler = "handler.py"
serialized-file = "weights/model.pth"
"""


@pytest.fixture
def root(project: Path) -> Path:
    configure(project)
    return project


def configure(root: Path, more: str = "", version: str = "1.0") -> None:
    (root / "pyproject.toml").write_text(PYPROJECT.replace('"1.0"', f'"{version}"') + more)


def build(root: Path, instant: datetime | None = None) -> list[Path]:
    project = PyProject(root)
    planned = plan_project(project, project.build_directory, instant=instant)
    return [one.build().path for one in planned]


def rebuilt(path: Path, root: Path) -> Rebuilt:
    return rebuild(path, PyProject(root))


class TestSame:
    @pytest.mark.parametrize("form", FORMATS)
    def test_formats(self, form: str, root: Path):
        """The archive of the working tree has its bytes, whatever its format."""
        configure(root, f'archive-format = "{form}"\n')
        [path] = build(root)
        found = rebuilt(path, root)

        assert (found.same_bytes, found.is_as_built, [*found.differences]) == (True, True, [])
        assert str(found).startswith(f"`{path}` has the bytes of ")

    def test_workflow(self, root: Path):
        """So has a workflow."""
        (root / "w.py").write_text("def pre(data, context): return data\n")
        workflow = '[[tool.mar.workflows]]\nworkflow-name = "w"\nspec-file = "w.yaml"\nhandler = "w.py"\n'
        (root / "pyproject.toml").write_text('[project]\nname = "digits"\nversion = "1.0"\n' + workflow)
        (root / "w.yaml").write_text("models:\n  m:\n    url: digits.mar\ndag:\n  pre: [m]\n")
        [path] = build(root)

        assert rebuilt(path, root).same_bytes

    def test_published(self, root: Path, tmp_path: Path):
        """The file may have been renamed, since the manifest has the name and the version."""
        [path] = build(root)
        other = shutil.copy(path, tmp_path / "digits-1.0.mar")

        assert rebuilt(Path(other), root).same_bytes

    def test_time(self, root: Path):
        """An archive that was not built reproducibly is built again with its own time."""
        [path] = build(root, datetime(2024, 5, 6, 7, 8, 9, 1234, tzinfo=timezone.utc))

        assert rebuilt(path, root).same_bytes

    def test_nothing_written(self, root: Path):
        """Neither the build directory nor the records change, and nothing stays in the temporary one."""
        [path] = build(root)
        configure(root, "try = true\n[[tool.mar.examples]]\ninput = 1\nexpect = 2\n")
        before = tree(root)

        assert rebuilt(path, root).same_bytes
        assert tree(root) == before

    def test_one_of_several(self, root: Path):
        """Of archives with one name, the one of the same format, version and file name is built."""
        tables = (
            '[[tool.mar.archives]]\narchive-format = "tgz"\n'
            '[[tool.mar.archives]]\nextra-files = ["index_to_name.json"]\n'
            '[[tool.mar.archives]]\nversion = "2"\nexport-path = "out"\n'
            '[[tool.mar.archives]]\narchive-name = "other"\n'
        )
        configure(root, tables)

        assert [rebuilt(path, root).same_bytes for path in build(root)] == [True] * 4


class TestDifferent:
    def test_member(self, root: Path):
        """What differs is listed as by `hatch-mar diff`, from the file to the build."""
        [path] = build(root)
        (root / "handler.py").write_text("def handle(data, context):\n    return [1]\n")
        found = rebuilt(path, root)

        assert [each.line() for each in found.differences] == [
            "~ member handler.py: 43 bytes -> 42 bytes"
        ] or [each.name for each in found.differences] == ["handler.py"]
        assert not found.is_as_built
        assert str(found).startswith(f"`{path}` differs from a build of the folder")

    @needs_posix
    def test_mode(self, root: Path):
        """Whether a file may be executed is part of an archive."""
        [path] = build(root)
        (root / "handler.py").chmod(0o755)
        found = rebuilt(path, root)

        assert (found.is_as_built, found.differences) == (False, [])
        assert str(found).endswith(": other files are executable, or a file is in it twice")

    def test_archiver(self, root: Path):
        """Another version of hatch-mar is named, since it may be why."""
        [path] = build(root)
        with read(path) as archive:
            document = {**archive.manifest.document, "archiverVersion": "hatch-mar 0.0.1"}
            other = archive.__class__(Manifest(document), archive.members)
            FORMATS["default"].write(other, root / "other.mar", Packing(INSTANT))
        found = rebuilt(root / "other.mar", root)

        assert [each.name for each in found.differences] == ["archiverVersion"]
        assert "; `hatch-mar 0.0.1` wrote it, and this is `hatch-mar " in str(found)

    def test_compression(self, root: Path):
        """The same content in other bytes is told as such, and is not what was built."""
        configure(root, 'compression = "deflate"\n')
        [path] = build(root)
        configure(root, 'compression = "store"\n')
        found = rebuilt(path, root)

        assert (found.same_bytes, found.same_content, found.is_as_built) == (False, True, False)
        assert "has the content, but not the bytes, of" in str(found)

    def test_other_container(self, root: Path):
        """Of an archive that was packed again in another format, the content is all that can be compared."""
        [path] = build(root)
        with read(path) as archive:
            tgz.write(archive, root / "model.tar.gz", Packing(INSTANT, root="."))
        found = rebuilt(root / "model.tar.gz", root)

        assert (found.same_bytes, found.same_content, found.is_as_built) == (False, True, True)
        assert ", packed in another format, has the content of " in str(found)


class TestRefused:
    def test_other_version(self, root: Path):
        """An archive of another version is another commit's."""
        [path] = build(root)
        configure(root, version="2.0")

        with pytest.raises(ReleaseError) as error:
            rebuilt(path, root)
        assert str(error.value) == (
            f"`{path}` is version `1.0` of `digits`, but a build would give `2.0`; check out the commit of"
            " that version"
        )

    def test_other_model(self, root: Path):
        """An archive of another model is another project's."""
        [path] = build(root)
        configure(root, 'model-name = "letters"\n')

        with pytest.raises(ReleaseError) as error:
            rebuilt(path, root)
        assert str(error.value) == (
            f"`{path}` is an archive of `digits`, which the project does not declare; it declares `letters`"
        )

    def test_not_an_archive(self, root: Path):
        """Other files cannot be compared."""
        with pytest.raises(ReadError):
            rebuilt(root / "handler.py", root)

    def test_full_disk(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        """A temporary directory without space is named."""
        [path] = build(root)

        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setitem(FORMATS, "default", FORMATS["default"]._replace(write=fail))
        with pytest.raises(PackError, match=r"^Cannot write `.*hatch-mar-.*`: No space left on device$"):
            rebuilt(path, root)

    def test_faulty(self, root: Path):
        """What a build refuses, a rebuild refuses."""
        [path] = build(root)
        (root / "weights/model.pth").unlink()

        with pytest.raises(CheckError, match=r"\[MAR021\]$"):
            rebuilt(path, root)


@pytest.mark.parametrize("value", [None, 1, "2020-02-02T00:00:00", "99/99/2020 00:00:00"])
def test_read_time(value: object):
    """Of a time in another form, nothing is known."""
    assert read_time(Manifest({"createdOn": value})) is None
    assert read_time(Manifest({"createdOn": "02/02/2020 00:00:00"})) == INSTANT
