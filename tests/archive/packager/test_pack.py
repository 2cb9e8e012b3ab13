from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.filesystem import locks
from hatch_mar.archive.filesystem.atomic import LOCK
from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.owner import Owner
from hatch_mar.archive.packager.pack import pack_as, remove_artifact
from hatch_mar.errors import PackError
from tests.archives import (
    MANIFEST,
    PACKING,
    GrowingSource,
    UnreadableSource,
    archive_of,
    needs_posix,
    tree,
)

OLD = archive_of({"model.py": b"old", "stale.txt": b"stale"})
NEW = archive_of({"model.py": b"new", "deep/weights.pth": b"\x80" * 1000})

ALL_FORMATS = {**FORMATS, "workflow": WORKFLOW}


@pytest.fixture(params=ALL_FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return ALL_FORMATS[request.param]


@pytest.fixture
def path(tmp_path: Path, form: Format) -> Path:
    """Where the archive will be, in an empty directory."""
    return tmp_path / "dist" / f"digits{form.suffix}"


def failing(error: BaseException) -> Archive:
    """An archive that fails when its manifest and one member are written."""
    return Archive(MANIFEST, (Member("a", BytesSource(b"written")), Member("b", UnreadableSource(error))))


class TestPack:
    def test_new(self, form: Format, path: Path):
        """The archive is written where it should be, in a new directory with nothing else in it."""
        artifact = pack_as(NEW, path, form, PACKING)

        assert artifact == Artifact(path, unchanged=False)
        assert list(path.parent.iterdir()) == [path]
        assert any(b"\x80" * 1000 in data for data in tree(path).values())

    def test_replaced(self, form: Format, path: Path, tmp_path: Path):
        """Nothing of an older archive remains."""
        fresh = tmp_path / "fresh" / path.name
        pack_as(NEW, fresh, form, PACKING)
        pack_as(OLD, path, form, PACKING)
        artifact = pack_as(NEW, path, form, PACKING)

        assert not artifact.unchanged
        assert tree(fresh) == tree(path)
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("name", ["../evil", "/evil", "a//b", "MAR-INF/x", "a\\b"])
    def test_name(self, name: str, form: Format, path: Path):
        """A member whose name leads out of the archive, or is the manifest's, is refused."""
        with pytest.raises(PackError, match=r"^Archive member `.*` (must|is in) "):
            pack_as(archive_of({name: b""}), path, form, PACKING)

        assert not path.parent.exists()

    @needs_posix
    def test_link(self, form: Format, path: Path, tmp_path: Path):
        """A link is replaced, and its target stays."""
        target = tmp_path / "elsewhere" / path.name
        pack_as(OLD, target, form, PACKING)
        before = tree(target)
        path.parent.mkdir()
        path.symlink_to(target)
        pack_as(NEW, path, form, PACKING)

        assert before == tree(target)
        assert not path.is_symlink()
        assert list(path.parent.iterdir()) == [path]


class TestUnchanged:
    def test_untouched(self, form: Format, path: Path):
        """An archive that would be the same is not written again."""
        pack_as(NEW, path, form, PACKING)
        os.utime(path, (1, 1))
        before = path.stat()
        artifact = pack_as(NEW, path, form, PACKING)

        assert artifact == Artifact(path, unchanged=True)
        assert (before.st_mtime_ns, before.st_ino) == (path.stat().st_mtime_ns, path.stat().st_ino)
        assert list(path.parent.iterdir()) == [path]

    def test_without_force(self, form: Format, path: Path):
        """An archive that is the same needs no permission to be replaced."""
        pack_as(NEW, path, form, PACKING)

        assert pack_as(NEW, path, form, PACKING, force=False).unchanged

    def test_other_bytes_of_the_same_size(self, form: Format, path: Path):
        """An archive that differs only in its bytes is written."""
        pack_as(archive_of({"a": b"1"}), path, form, PACKING)

        assert not pack_as(archive_of({"a": b"2"}), path, form, PACKING).unchanged

    @needs_posix
    def test_other_mode(self, form: Format, path: Path):
        """An archive in which a file has become executable is written."""
        pack_as(archive_of({"run": b""}), path, form, PACKING)

        assert not pack_as(archive_of({"run": b""}, executable=["run"]), path, form, PACKING).unchanged

    @needs_posix
    def test_other_umask(self, form: Format, path: Path):
        """An archive does not depend on the umask."""
        archive = archive_of({"a": b"1", "run": b""}, executable=["run"])
        before = os.umask(0o077)
        try:
            pack_as(archive, path, form, PACKING)
            os.umask(0o022)
            assert pack_as(archive, path, form, PACKING).unchanged
        finally:
            os.umask(before)


class TestForce:
    def test_differs(self, form: Format, path: Path):
        """Without force, an archive that differs is an error, and stays."""
        pack_as(OLD, path, form, PACKING)
        before = tree(path)

        with pytest.raises(PackError) as error:
            pack_as(NEW, path, form, PACKING, force=False)

        expected = f"File already exists and differs: `{path}`; delete it or set `force = true`"
        assert str(error.value) == expected
        assert before == tree(path)
        assert list(path.parent.iterdir()) == [path]

    def test_new(self, form: Format, path: Path):
        """Without force, a new archive is written."""
        assert not pack_as(NEW, path, form, PACKING, force=False).unchanged


@pytest.mark.parametrize("old", [True, False], ids=["replacing", "new"])
class TestFailure:
    """Whatever goes wrong, the old archive stays as it was, and nothing else is left."""

    @pytest.fixture
    def before(self, old: bool, form: Format, path: Path) -> dict[str, bytes]:
        """What is in the directory before the failure."""
        path.parent.mkdir()
        if old:
            pack_as(OLD, path, form, PACKING)
        return tree(path.parent)

    def test_disk(self, form: Format, path: Path, before: dict[str, bytes]):
        """A file that cannot be read is an error of one line."""
        with pytest.raises(PackError) as error:
            pack_as(failing(OSError(errno.EIO, "Input/output error", "weights.pth")), path, form, PACKING)

        assert str(error.value) == f"Cannot write `{path}`: Input/output error (`weights.pth`)"
        assert before == tree(path.parent)

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), MemoryError()], ids=repr)
    def test_interrupt(self, error: BaseException, form: Format, path: Path, before: dict[str, bytes]):
        """An interrupt is raised as it is."""
        with pytest.raises(type(error)):
            pack_as(failing(error), path, form, PACKING)

        assert before == tree(path.parent)

    def test_changed_file(self, form: Format, path: Path, tmp_path: Path, before: dict[str, bytes]):
        """A file that something writes to while it is packed is an error that names it."""
        file = tmp_path / "weights.pth"
        file.write_bytes(b"weights")

        with pytest.raises(PackError) as error:
            pack_as(Archive(MANIFEST, (Member("weights.pth", GrowingSource(file)),)), path, form, PACKING)

        expected = f"File changed while it was packed: `{file}`; build again once it is complete"
        assert str(error.value) == expected
        assert before == tree(path.parent)

    def test_vanished_file(self, form: Format, path: Path, tmp_path: Path, before: dict[str, bytes]):
        """A file that has gone when it is packed is an error that names it."""
        file = tmp_path / "weights.pth"

        with pytest.raises(PackError) as error:
            pack_as(Archive(MANIFEST, (Member("weights.pth", GrowingSource(file)),)), path, form, PACKING)

        assert str(error.value) == f"Cannot write `{path}`: No such file or directory (`{file}`)"
        assert before == tree(path.parent)

    def test_last_step(
        self, form: Format, path: Path, before: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
    ):
        """The old archive is put back if the new one cannot take its place."""
        monkeypatch.setattr("hatch_mar.archive.filesystem.atomic.swap", lambda *_: False)
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, fails_for(path, getattr(os, name)))

        with pytest.raises(PackError, match=r"^Cannot write `.*`: Permission denied"):
            pack_as(NEW, path, form, PACKING)

        assert before == tree(path.parent)


def fails_for(path: Path, rename):
    """A function that moves everything but a draft to `path`."""

    def renamed(source: str | Path, target: str | Path, **folders: int | None) -> None:
        if (Path(source).name, target) == (path.name, path):
            raise PermissionError(errno.EACCES, "Permission denied", str(source), None, str(target))
        rename(source, target, **folders)

    return renamed


@needs_posix
class TestHeldForEver:
    """A lock that somebody planted and never releases."""

    @pytest.fixture(autouse=True)
    def _held(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        import fcntl

        lock = path.parent / ".hatch" / "hatch-mar" / ".lock"
        lock.parent.mkdir(parents=True)
        monkeypatch.setattr(locks, "LONGEST", 0.0)
        with open(lock, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def test_new(self, form: Format, path: Path):
        """No archive is written or deleted without the lock, since it may be another project's by then."""
        reason = "another build has held a lock for 0 seconds; end that build, or delete the lock (`"
        with pytest.raises(PackError) as error:
            pack_as(NEW, path, form, PACKING)
        assert str(error.value).startswith(f"Cannot write `{path}`: {reason}{path.parent}")
        with pytest.raises(PackError):
            remove_artifact(path, form)
        assert os.listdir(path.parent) == [".hatch"]

    def test_unchanged(self, form: Format, path: Path):
        """An archive that stays as it is needs no lock, but for its owner; only no stamp is kept."""
        form.write(NEW, path, PACKING)

        assert pack_as(NEW, path, form, PACKING, settings="settings").unchanged
        with pytest.raises(PackError):
            pack_as(NEW, path, form, PACKING, owner=Owner("digits", path.parent))


class TestRubbish:
    def test_of_a_killed_build(self, form: Format, path: Path):
        """The next build clears what a killed build left behind."""
        left: list[Path] = []

        def write(archive: Archive, draft: Path, packing: Packing) -> None:
            form.write(archive, draft, packing)
            left.append(draft)

        pack_as(NEW, path, form._replace(write=write), PACKING)
        left[0].parent.mkdir()
        (left[0].parent / LOCK).touch()
        form.write(OLD, left[0], PACKING)
        pack_as(NEW, path, form, PACKING)

        assert list(path.parent.iterdir()) == [path]

    def test_of_a_build_killed_before_its_lock(self, form: Format, path: Path):
        """It also clears a directory that was made just before the build was killed."""
        path.parent.mkdir()
        path.with_name(f".{path.name}.0123456789abcdef.part").mkdir()
        pack_as(NEW, path, form, PACKING)

        assert list(path.parent.iterdir()) == [path]

    def test_of_a_living_build(self, form: Format, path: Path):
        """A build that is still running is left alone."""
        seen = []

        def write(archive: Archive, draft: Path, packing: Packing) -> None:
            form.write(archive, draft, packing)
            pack_as(OLD, path, form, PACKING)
            seen.append(tree(draft))

        pack_as(NEW, path, form._replace(write=write), PACKING)

        assert [tree(path)] == seen
        assert list(path.parent.iterdir()) == [path]

    def test_files_of_others(self, form: Format, path: Path):
        """Nothing else in the directory is touched."""
        path.parent.mkdir()
        others = [path.with_name(name) for name in (f"{path.name}.part", f".{path.name}", ".x.part")]
        for other in others:
            other.touch()
        pack_as(NEW, path, form, PACKING)

        assert set(path.parent.iterdir()) == {path, *others}


class TestLongNames:
    @pytest.mark.parametrize("length", [240, 255])
    def test_again(self, length: int, form: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """A name of any length that a file may have is packed, found unchanged, replaced and removed."""
        path = tmp_path / ("a" * (length - len(form.suffix)) + form.suffix)
        owner = Owner("digits", tmp_path)

        def build(archive: Archive) -> bool:
            return pack_as(archive, path, form, PACKING, settings="settings", owner=owner).unchanged

        assert [build(OLD), build(NEW), build(NEW)] == [False, False, True]
        monkeypatch.setattr("hatch_mar.archive.packager.pack.write", None)
        assert build(NEW)
        assert set(os.listdir(tmp_path)) == {path.name, ".hatch"}
        monkeypatch.undo()
        remove_artifact(path, form)
        assert os.listdir(tmp_path) == []


class TestRemove:
    def test_archive(self, form: Format, path: Path):
        """The archive is removed, and nothing else."""
        pack_as(NEW, path, form, PACKING)
        other = path.with_name("other.mar")
        other.touch()
        remove_artifact(path, form)

        assert list(path.parent.iterdir()) == [other]

    def test_nothing(self, form: Format, path: Path):
        """Without an archive, nothing is done."""
        remove_artifact(path, form)

        assert not path.parent.exists()

    def test_interrupted(self, form: Format, path: Path, monkeypatch: pytest.MonkeyPatch):
        """An archive is removed in one step: an interruption leaves all or nothing of it."""
        pack_as(NEW, path, form, PACKING)
        before = tree(path)
        unlink = os.unlink
        removed = []

        def interrupted(*arguments: object, **options: object) -> None:
            if removed:
                raise KeyboardInterrupt
            removed.append(arguments)
            unlink(*arguments, **options)

        with monkeypatch.context() as context, suppress(KeyboardInterrupt):
            context.setattr(os, "unlink", interrupted)
            remove_artifact(path, form)

        assert not path.exists() or before == tree(path)
        pack_as(NEW, path, form, PACKING)
        assert before == tree(path)

    def test_foreign(self, form: Format, path: Path):
        """Something that is not an archive stays, and is an error."""
        path.mkdir(parents=True)
        (path / "thesis.tex").touch()

        with pytest.raises(PackError):
            remove_artifact(path, form)

        assert tree(path) == {"thesis.tex": b""}

    @needs_posix
    def test_link(self, form: Format, path: Path, tmp_path: Path):
        """A link is removed, and its target stays."""
        target = tmp_path / "elsewhere" / path.name
        pack_as(OLD, target, form, PACKING)
        before = tree(target)
        path.parent.mkdir()
        path.symlink_to(target)
        remove_artifact(path, form)

        assert before == tree(target)
        assert list(path.parent.iterdir()) == []
