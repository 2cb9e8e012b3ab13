from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, FileSource, Member
from hatch_mar.archive.formats.format import FORMATS, Format
from hatch_mar.archive.packager import unchanged
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.pack import pack_as, remove_artifact
from hatch_mar.archive.packager.records import STAMP
from hatch_mar.archive.packager.unchanged import find_change, fingerprint_inputs, remember
from hatch_mar.errors import PackError
from tests.archive.packager import record_file
from tests.archives import INSTANT, MANIFEST, PACKING, UnreadableSource, needs_posix, tree

WEIGHTS = b"0123456789"
LONG_AGO = 1_000_000_000_123_456_789


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


@pytest.fixture
def path(tmp_path: Path, form: Format) -> Path:
    return tmp_path / "dist" / f"digits{form.suffix}"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "model.pth"
    file.write_bytes(WEIGHTS)
    return file


@pytest.fixture(autouse=True)
def _no_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a test has just made count as old."""
    monkeypatch.setattr(unchanged, "COARSE", -(1 << 62))
    monkeypatch.setattr(unchanged, "FINE", -(1 << 62))


def archive(*files: Path) -> Archive:
    return Archive(MANIFEST, tuple(Member(file.name, FileSource(file)) for file in files))


def build(
    archive: Archive, path: Path, form: Format, settings: str = "settings", **packing: object
) -> Artifact:
    return pack_as(archive, path, form, PACKING._replace(**packing), settings=settings)


def refuse_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: FileSource) -> None:
        pytest.fail("the weights were read")

    monkeypatch.setattr(FileSource, "chunks", refused)
    monkeypatch.setattr(FileSource, "open", refused)


def tick(file: Path) -> None:
    """Wait until the file system's clock has moved on, so that a change shows in the times."""
    before = file.stat().st_ctime_ns
    probe = file.with_name("probe")
    probe.touch()
    while probe.stat().st_ctime_ns <= before:
        time.sleep(0.001)
        probe.touch()
        os.utime(probe)
    probe.unlink()


class TestUnchanged:
    def test_not_read(self, form: Format, path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
        """An archive whose inputs look as before is recognised without reading any of them."""
        build(archive(weights), path, form)
        before = tree(path)
        refuse_reading(monkeypatch)

        assert build(archive(weights), path, form) == Artifact(path, unchanged=True)
        assert before == tree(path)

    def test_nor_the_archive(self, form: Format, path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
        """The archive is not read either."""
        build(archive(weights), path, form)

        def refused(one: Path, other: Path) -> bool:
            pytest.fail("the archive was read")

        monkeypatch.setattr("hatch_mar.archive.packager.pack.have_same_content", refused)

        assert build(archive(weights), path, form).unchanged

    def test_not_asked_for(self, form: Format, path: Path, weights: Path):
        """Without settings nothing is remembered."""
        pack_as(archive(weights), path, form, PACKING)

        assert list(path.parent.iterdir()) == [path]

    def test_where(self, form: Format, path: Path, weights: Path):
        """The stamp is in a hidden folder, outside of any project next to the archive."""
        build(archive(weights), path, form)

        folder = path.parent / ".hatch" / "hatch-mar" / "%2E"
        assert folder / f"{path.name}.stamp" == record_file(path, STAMP)
        assert set(os.listdir(path.parent)) == {".hatch", path.name}
        assert [record_file(path, STAMP)] == list(record_file(path, STAMP).parent.iterdir())


def edited(weights: Path) -> None:
    weights.write_bytes(WEIGHTS[::-1])


def edited_in_disguise(weights: Path) -> None:
    """Write other bytes of the same size, and set the times back."""
    before = weights.stat()
    weights.write_bytes(WEIGHTS[::-1])
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))


def edited_through_a_link(weights: Path) -> None:
    other = weights.with_name("other name")
    os.link(weights, other)
    edited_in_disguise(other)
    other.unlink()


def grown(weights: Path) -> None:
    before = weights.stat()
    weights.write_bytes(WEIGHTS + b"0")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))


def a_nanosecond_later(weights: Path) -> None:
    before = weights.stat()
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def replaced(weights: Path) -> None:
    """Replace the file with another one of the same size and time."""
    other = weights.with_name("other")
    other.write_bytes(WEIGHTS[::-1])
    before = weights.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, weights)


@needs_posix
class TestInputs:
    """Every change of an input is noticed, however well it is hidden."""

    @pytest.mark.parametrize(
        "change", [edited, edited_in_disguise, edited_through_a_link, grown, a_nanosecond_later, replaced]
    )
    def test_changed(self, change: Callable[[Path], None], form: Format, path: Path, weights: Path):
        """A file that is edited, grown or replaced is packed again, whatever its times say."""
        build(archive(weights), path, form)
        tick(weights)
        change(weights)
        build(archive(weights), path, form)

        assert any(weights.read_bytes() in data for data in tree(path).values())

    def test_read_again(self, form: Format, path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
        """If only its time changed, a file is read, and the archive found to be the same."""
        build(archive(weights), path, form)
        a_nanosecond_later(weights)

        assert build(archive(weights), path, form).unchanged
        refuse_reading(monkeypatch)
        assert build(archive(weights), path, form).unchanged

    def test_elsewhere(self, form: Format, path: Path, weights: Path, tmp_path: Path):
        """A copy of the file is another file."""
        other = tmp_path / "other" / weights.name
        other.parent.mkdir()
        other.write_bytes(WEIGHTS[::-1])
        build(archive(weights), path, form)

        assert not build(archive(other), path, form).unchanged

    def test_link(self, form: Format, path: Path, weights: Path, tmp_path: Path):
        """Only the target of a link counts."""
        other = tmp_path / "other.pth"
        other.write_bytes(WEIGHTS[::-1])
        link = tmp_path / "link.pth"
        link.symlink_to(weights)
        build(archive(link), path, form)
        link.unlink()
        link.symlink_to(other)

        assert not build(archive(link), path, form).unchanged

    def test_members(self, form: Format, path: Path, weights: Path):
        """Names, modes and generated files count."""
        source = FileSource(weights)
        variants = [
            (Member("a", source),),
            (Member("b", source),),
            (Member("b", source, executable=True),),
            (Member("b", source), Member("c", BytesSource(b"1"))),
            (Member("b", source), Member("c", BytesSource(b"2"))),
        ]

        found = [build(Archive(MANIFEST, members), path, form).unchanged for members in variants]

        assert found == [False] * len(variants)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("instant", INSTANT.replace(year=2021)),
            ("compression", "deflate"),
            ("root", "another"),
            ("settings", "other settings"),
        ],
    )
    def test_settings(self, key: str, value: object, form: Format, path: Path, weights: Path):
        """Everything that decides an archive's content counts."""
        build(archive(weights), path, form)
        read = []

        def moved(count: int) -> None:
            read.append(count)

        build(archive(weights), path, form, **{key: value}, report=moved)

        assert len(WEIGHTS) <= sum(read)

    @pytest.mark.parametrize("name", ["__version__", "zlib.ZLIB_RUNTIME_VERSION"])
    def test_tools(self, name: str, weights: Path, monkeypatch: pytest.MonkeyPatch):
        """The versions of hatch-mar and of zlib count too."""
        before = fingerprint_inputs(archive(weights), PACKING)
        monkeypatch.setattr(f"hatch_mar.archive.packager.unchanged.{name}", "0.0")

        assert before != fingerprint_inputs(archive(weights), PACKING)

    def test_unknown_source(self):
        """A source that is not a file is not remembered."""
        source = UnreadableSource(OSError())

        assert fingerprint_inputs(Archive(MANIFEST, (Member("a", source),)), PACKING) is None


class TestArtifact:
    """Every change of the archive is noticed."""

    @needs_posix
    def test_edited_in_disguise(self, form: Format, path: Path, weights: Path):
        """An archive that was changed is packed again, even if its size and time are the same."""
        build(archive(weights), path, form)
        expected = tree(path)
        file = path / weights.name if path.is_dir() else path
        before = file.stat()
        tick(weights)
        file.write_bytes(file.read_bytes()[::-1])
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

        assert not build(archive(weights), path, form).unchanged
        assert tree(path) == expected

    def test_gone(self, form: Format, path: Path, weights: Path):
        """A missing archive is packed again."""
        build(archive(weights), path, form)
        expected = tree(path)
        path.rename(path.with_name("elsewhere"))

        assert not build(archive(weights), path, form).unchanged
        assert tree(path) == expected

    def test_copied(self, form: Format, path: Path, weights: Path):
        """A copy of the directory has different files, which are read once."""
        build(archive(weights), path, form)
        moved = path.parent.rename(path.parent.with_name("moved")) / path.name

        assert find_change(moved, fingerprint_inputs(archive(weights), PACKING, "settings"))
        assert build(archive(weights), moved, form).unchanged

    def test_a_file_more(self, path: Path, form: Format, weights: Path):
        """A directory with an additional file is not what the build wrote: it is packed again, and kept."""
        if form.suffix:
            pytest.skip("an archive that is a file has nothing put into it")
        build(archive(weights), path, form)
        (path / "more").touch()
        before = tree(path)

        with pytest.raises(PackError, match=r"no build wrote `more` in it"):
            build(archive(weights), path, form)
        assert tree(path) == before


class TestStampFile:
    @pytest.mark.parametrize("state", ["deleted", "empty", "cut", "foreign", "binary", "folder"])
    def test_harmless(self, state: str, form: Format, path: Path, weights: Path):
        """Whatever happens to the stamp, the next build packs again and finds the archive unchanged."""
        build(archive(weights), path, form)
        file = record_file(path, STAMP)
        text = file.read_text()
        file.unlink()
        if state == "folder":
            file.mkdir()
        elif state != "deleted":
            texts = {"empty": b"", "cut": text[:-1].encode(), "foreign": b"x" * 64, "binary": b"\x80\xff"}
            file.write_bytes(texts[state])
        read = []
        artifact = build(archive(weights), path, form, report=read.append)

        assert artifact.unchanged
        assert len(WEIGHTS) <= sum(read)
        assert set(file.parent.iterdir()) == {file}

    def test_no_folder(self, form: Format, path: Path, weights: Path):
        """A file in the place of its folder only costs the next build its time."""
        path.parent.mkdir()
        (path.parent / ".hatch").write_bytes(b"a file")

        assert not build(archive(weights), path, form).unchanged
        assert build(archive(weights), path, form).unchanged
        assert (path.parent / ".hatch").read_bytes() == b"a file"

    def test_of_a_killed_build(
        self, form: Format, path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """A build that is killed while it writes its stamp leaves nothing that stays."""
        replace = os.replace

        def killed(source: Path, target: Path, **folders: int | None) -> None:
            if os.path.basename(target) == record_file(path, STAMP).name:
                raise KeyboardInterrupt
            replace(source, target, **folders)

        with monkeypatch.context() as context, suppress(KeyboardInterrupt):
            context.setattr(os, "replace", killed)
            build(archive(weights), path, form)
        monkeypatch.setattr(os, "getpid", lambda: 1)
        build(archive(weights), path, form)

        assert [record_file(path, STAMP)] == list(record_file(path, STAMP).parent.iterdir())

    def test_remove(self, form: Format, path: Path, weights: Path):
        """The stamp is removed with the archive, and its folder with the last stamp."""
        other = path.with_name(f"other{form.suffix}")
        build(archive(weights), path, form)
        build(archive(weights), other, form)
        remove_artifact(path, form)

        assert [record_file(other, STAMP)] == list(record_file(path, STAMP).parent.iterdir())
        remove_artifact(other, form)
        assert os.listdir(path.parent) == []

    def test_remove_after_the_archive(self, form: Format, path: Path, weights: Path):
        """The stamp is also removed if the archive is already gone."""
        build(archive(weights), path, form)
        path.rename(path.parent.parent / "elsewhere")
        remove_artifact(path, form)

        assert os.listdir(path.parent) == []

    def test_failed_build(self, form: Format, path: Path, weights: Path):
        """After a failed build, the old archive is still up to date with its own inputs."""
        build(archive(weights), path, form)
        broken = Archive(MANIFEST, (Member(weights.name, UnreadableSource(OSError("broken"))),))
        with pytest.raises(PackError):
            build(broken, path, form)

        assert find_change(path, fingerprint_inputs(archive(weights), PACKING, "settings")) is None


class TestYoung:
    """A file may change again within one tick of its clock, which its times would not show."""

    @pytest.fixture(autouse=True)
    def _slack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(unchanged, "COARSE", 2_000_000_000)
        monkeypatch.setattr(unchanged, "FINE", 100_000_000)

    def left(self, weights: Path, age: int, fraction: int = 1) -> bool:
        """Whether a stamp is kept for a file that was written `age` nanoseconds before the build."""
        path = weights.with_name("digits.mar")
        path.touch()
        found = archive(weights)
        written = max(weights.stat().st_ctime_ns, weights.stat().st_mtime_ns)
        remember(path, fingerprint_inputs(found, PACKING), found, written + age)
        return record_file(path, STAMP).exists()

    def test_just_written(self, weights: Path):
        """Inputs that were written just before the build are not remembered."""
        assert not self.left(weights, 50_000_000)

    @pytest.mark.parametrize(("age", "expected"), [(1_900_000_000, False), (2_100_000_000, True)])
    def test_coarse(self, age: int, expected: bool, weights: Path):
        """On a file system that counts whole seconds, two seconds must have passed."""
        now = time.time_ns() // 1_000_000_000 * 1_000_000_000 + 60_000_000_000
        os.utime(weights, ns=(now, now))

        assert self.left(weights, age) is expected

    def test_old(self, weights: Path):
        """Older inputs are remembered."""
        assert self.left(weights, 10_000_000_000)

    @needs_posix
    def test_with_an_old_time(self, weights: Path):
        """A file with an old time that was set just now is not old."""
        os.utime(weights, ns=(LONG_AGO, LONG_AGO))

        assert not self.left(weights, 50_000_000)

    def test_forgotten(self, weights: Path):
        """A build that keeps no stamp removes an older one."""
        assert self.left(weights, 10_000_000_000)
        assert not self.left(weights, 1_000)


class TestSettled:
    @pytest.mark.parametrize("works", [True, False])
    def test_remembered(self, works: bool, path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
        """The inputs are brought to the disk before they are read; if that fails, they are not remembered."""
        steps = []
        chunks = FileSource.chunks

        def settle(file: Path) -> bool:
            steps.append("settle")
            return works

        def read(source: FileSource) -> Iterator[bytes]:
            steps.append("read")
            return chunks(source)

        monkeypatch.setattr(unchanged, "settle", settle)
        monkeypatch.setattr(FileSource, "chunks", read)
        build(archive(weights), path, FORMATS["default"])

        assert steps == ["settle", "read"]
        assert record_file(path, STAMP).exists() == works

    def test_once(self, form: Format, path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
        """A build that finds its archive unchanged waits for no disk."""
        build(archive(weights), path, form)
        monkeypatch.setattr(unchanged, "settle", lambda file: pytest.fail("the disk was waited for"))

        assert build(archive(weights), path, form).unchanged


class TestMeanwhile:
    """Inputs that change during the build are not remembered."""

    @pytest.fixture
    def other(self, tmp_path: Path) -> Path:
        """A small file that is packed after the weights."""
        file = tmp_path / "zeros"
        file.write_bytes(b"0")
        return file

    def test_edited(self, form: Format, path: Path, weights: Path, other: Path):
        """A file that was read and then edited is packed again by the next build."""
        tick(weights)
        edits = iter([edited])

        def moved(count: int) -> None:
            if count == 1:
                for edit in edits:
                    edit(weights)

        build(archive(weights, other), path, form, report=moved)
        artifact = build(archive(weights, other), path, form)

        assert not artifact.unchanged
        assert any(WEIGHTS[::-1] in data for data in tree(path).values())

    @needs_posix
    def test_vanished(self, form: Format, path: Path, weights: Path, other: Path):
        """A file that vanishes after it was read has been packed, and is not an error."""

        def moved(count: int) -> None:
            if count == 1:
                weights.unlink(missing_ok=True)

        assert build(archive(weights, other), path, form, report=moved) == Artifact(path, unchanged=False)
        assert any(WEIGHTS in data for data in tree(path).values())
