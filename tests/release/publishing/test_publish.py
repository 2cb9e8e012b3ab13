from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.publish import Published, publish
from hatch_mar.release.publishing.ready import Ready
from tests.archives import tree
from tests.release.publishing.layouts.models import make_ready, make_workflow
from tests.release.publishing.stores import Conditional

OTHER = {"handler.py": b"def handle(data, context): return data\n"}


@pytest.fixture
def archive(tmp_path: Path) -> Ready:
    return make_ready(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Ready:
    """Other bytes of the same name and version."""
    return make_ready(tmp_path, file="other", files=OTHER)


def digest(archive: Ready) -> str:
    return hashlib.sha256(archive.path.read_bytes()).hexdigest()


def sidecar(archive: Ready, name: str = "digits-1.0.mar") -> bytes:
    return f"{digest(archive)}  {name}\n".encode()


def states(published: list[Published]) -> list[str]:
    return [file.state for file in published]


class Storage:
    """A place to publish to, whose files can be looked at and written."""

    def __init__(self, url: str, kind: type[MemoryFileSystem] | None = None) -> None:
        self.url = url
        self.kind = kind

    def files(self) -> dict[str, bytes]:
        if self.kind:
            return {name.removeprefix("/models/"): file.getvalue() for name, file in self.kind.store.items()}
        return tree(Path(self.url))

    def write(self, name: str, data: bytes) -> None:
        if self.kind:
            self.kind().pipe_file(f"/models/{name}", data)
            return
        path = Path(self.url, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


@pytest.fixture(params=["directory", "conditional", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return {
        "directory": Storage(str(tmp_path / "store")),
        "conditional": Storage("conditional://models", Conditional),
        "memory": Storage("memory://models", MemoryFileSystem),
    }[request.param]


class TestPublish:
    def test_new(self, place: Storage, archive: Ready):
        """An archive and its sidecar are published, and nothing else."""
        reported: list[Published] = []
        published = publish([archive], place.url, "flat", report=reported.append)

        assert published == reported
        [file] = published
        assert file.url == f"{place.url}/digits-1.0.mar"
        assert file == (file.url, digest(archive), archive.path.stat().st_size, "published")
        assert place.files() == {
            "digits-1.0.mar": archive.path.read_bytes(),
            "digits-1.0.mar.sha256": sidecar(archive),
        }

    def test_there_already(self, place: Storage, archive: Ready):
        """The same bytes are left alone."""
        publish([archive], place.url, "flat")
        Conditional.put.clear()

        assert states(publish([archive], place.url, "flat")) == ["unchanged"]
        assert Conditional.put == []

    @pytest.mark.parametrize("left", [None, b"wrong\n"])
    def test_sidecar(self, place: Storage, archive: Ready, left: bytes | None):
        """Only the sidecar is written if it is all that is missing, or is wrong."""
        place.write("digits-1.0.mar", archive.path.read_bytes())
        if left:
            place.write("digits-1.0.mar.sha256", left)

        assert states(publish([archive], place.url, "flat")) == ["unchanged"]
        assert place.files()["digits-1.0.mar.sha256"] == sidecar(archive)

    def test_refused(self, place: Storage, archive: Ready, other: Ready):
        """Other bytes are refused with both digests, and stay as they are."""
        publish([other], place.url, "flat")
        before = place.files()
        message = (
            f"^`{place.url}/digits-1.0.mar` exists with other bytes: its SHA-256 is {digest(other)}"
            f" instead of {digest(archive)}; publish another version or to another folder, or overwrite"
            " the file with `--replace`$"
        )

        with pytest.raises(ReleaseError, match=message):
            publish([archive], place.url, "flat")
        assert place.files() == before

    def test_nothing_half(self, tmp_path: Path, place: Storage, archive: Ready, other: Ready):
        """All destinations are looked at before anything is written."""
        publish([other], place.url, "flat")
        before = place.files()
        letters = make_ready(tmp_path, "letters")

        with pytest.raises(ReleaseError) as raised:
            publish([letters, archive], place.url, "flat")
        assert len(raised.value.faults) == 1
        assert place.files() == before

    def test_obstacle(self, tmp_path: Path, archive: Ready):
        """What is in the way of a sidecar is found before anything is written."""
        (tmp_path / "store/digits-1.0.mar.sha256").mkdir(parents=True)

        with pytest.raises(ReleaseError, match="a directory of that name exists"):
            publish([archive], str(tmp_path / "store"), "flat")
        assert tree(tmp_path / "store") == {}

    def test_replaced(self, place: Storage, archive: Ready, other: Ready):
        """`replace` replaces other bytes, and their sidecar."""
        publish([other], place.url, "flat")

        assert states(publish([archive], place.url, "flat", replace=True)) == ["replaced"]
        assert place.files() == {
            "digits-1.0.mar": archive.path.read_bytes(),
            "digits-1.0.mar.sha256": sidecar(archive),
        }

    def test_dry_run(self, tmp_path: Path, place: Storage, archive: Ready, other: Ready):
        """A dry run looks, tells, and writes nothing."""
        same = make_ready(tmp_path, "same")
        publish([other, same], place.url, "flat")
        before = place.files()
        archives = [archive, same, make_ready(tmp_path, "letters")]

        found = publish(archives, place.url, "flat", replace=True, dry_run=True)

        assert states(found) == ["would be replaced", "unchanged", "would be published"]
        assert place.files() == before

    def test_folders(self, tmp_path: Path, place: Storage, archive: Ready):
        """Each archive goes to the folder that its name and version give."""
        letters = make_ready(tmp_path, "letters", "2.0")
        publish([archive, letters], f"{place.url}/{{model-name}}/{{version}}", "vertex")

        assert {name for name in place.files() if not name.endswith(".sha256")} == {
            "digits/1.0/model.mar",
            "letters/2.0/model.mar",
        }

    def test_workflow(self, tmp_path: Path, place: Storage):
        """A workflow has no version, and is published all the same."""
        publish([make_workflow(tmp_path)], place.url, "flat")

        assert set(place.files()) == {"pipe.war", "pipe.war.sha256"}

    def test_order(self, tmp_path: Path, archive: Ready):
        """Sidecars come when all files are there."""
        publish([archive, make_ready(tmp_path, "letters")], "conditional://models/a", "kserve")
        names = [name.removeprefix("conditional://models/a/") for name in dict.fromkeys(Conditional.put)]

        assert [name.endswith(".sha256") for name in map(str, names)] == [False, False, False, True, True]

    def test_caution(self, archive: Ready, capsys: pytest.CaptureFixture[str]):
        """A store where two publishers could meet says so, once, and only if something is written."""
        for _ in range(2):
            publish([archive], "memory://models", "flat")

        err = capsys.readouterr().err
        assert err.count("cannot refuse to overwrite") == err.count("\n") == 1


def write(archive: Ready) -> Callable[[], object]:
    """Somebody else publishes an archive."""
    return lambda: Conditional().pipe_file("/models/digits-1.0.mar", archive.path.read_bytes())


WHILE_SENDING: list[Callable[[], object]] = [lambda: None, lambda: None]
"""Nothing happens until the sidecar is written: the first file is sent twice, to find out about the store."""


class TestRace:
    def test_same(self, archive: Ready):
        """Somebody else publishes the same bytes at the same moment."""
        Conditional.before.append(write(archive))

        assert states(publish([archive], "conditional://models", "flat")) == ["unchanged"]

    def test_other(self, archive: Ready, other: Ready):
        """Somebody else publishes other bytes at the same moment."""
        Conditional.before.append(write(other))

        with pytest.raises(ReleaseError, match="exists with other bytes"):
            publish([archive], "conditional://models", "flat")
        assert Conditional.store["/models/digits-1.0.mar"].getvalue() == other.path.read_bytes()

    def test_conflict(self, archive: Ready):
        """A store that asks to try again is asked again."""

        def conflict() -> None:
            raise type("ConditionalRequestConflict", (OSError,), {})

        Conditional.before += [conflict, conflict]

        assert states(publish([archive], "conditional://models", "flat")) == ["published"]

    def test_endless(self, archive: Ready):
        """It is not asked for ever."""

        def conflict() -> None:
            raise type("ConditionalRequestConflict", (OSError,), {})

        Conditional.before += [conflict] * 9

        with pytest.raises(ReleaseError, match=r"others keep writing to it; try again when they are done$"):
            publish([archive], "conditional://models", "flat")

    def test_replaced(self, archive: Ready, other: Ready):
        """With `replace`, what somebody else has just published is replaced."""
        Conditional.before.append(write(other))

        assert states(publish([archive], "conditional://models", "flat", replace=True)) == ["replaced"]

    def test_sidecar(self, archive: Ready):
        """Somebody else writes the same sidecar at the same moment."""
        Conditional.before += [
            *WHILE_SENDING,
            lambda: Conditional().pipe_file("/models/digits-1.0.mar.sha256", sidecar(archive)),
        ]

        assert states(publish([archive], "conditional://models", "flat")) == ["published"]

    def test_endless_sidecar(self, archive: Ready):
        """An archive whose sidecar cannot be written is not said to be published."""

        def conflict() -> None:
            raise type("ConditionalRequestConflict", (OSError,), {})

        Conditional.before += [*WHILE_SENDING, *[conflict] * 9]

        with pytest.raises(ReleaseError, match=r"digits-1\.0\.mar\.sha256`: others keep writing to it"):
            publish([archive], "conditional://models", "flat")

    def test_both_replace(self, archive: Ready, other: Ready):
        """Whoever has replaced a file keeps its sidecar, too."""

        def replace() -> None:
            write(other)()
            Conditional().pipe_file("/models/digits-1.0.mar.sha256", sidecar(other))

        Conditional.before += [*WHILE_SENDING, replace]

        with pytest.raises(ReleaseError, match="does not have the bytes that were sent"):
            publish([archive], "conditional://models", "flat", replace=True)
        assert Conditional.store["/models/digits-1.0.mar.sha256"].getvalue() == sidecar(other)


class TestVerify:
    def test_wrong(self, archive: Ready, monkeypatch: pytest.MonkeyPatch):
        """What is not there as it was sent is an error, and gets no sidecar."""

        def corrupt(self: Conditional, lpath: str, rpath: str, **_: object) -> None:
            self.pipe_file(rpath, b"corrupt")

        monkeypatch.setattr(Conditional, "put_file", corrupt)
        corrupted = hashlib.sha256(b"corrupt").hexdigest()
        message = (
            f"digits-1.0.mar` does not have the bytes that were sent: its SHA-256 is {corrupted} instead of"
            f" {digest(archive)}"
        )

        with pytest.raises(ReleaseError, match=message):
            publish([archive], "conditional://models", "flat")
        assert [*Conditional.store] == ["/models/digits-1.0.mar"]


class TestKilled:
    """What a publisher leaves that was killed, and what the next one makes of it."""

    def test_replacing(self, archive: Ready, other: Ready):
        """A killed replacement leaves no sidecar that vouches for other bytes."""
        publish([other], "conditional://models", "flat")

        def kill() -> None:
            raise KeyboardInterrupt

        Conditional.before.append(kill)
        with pytest.raises(KeyboardInterrupt):
            publish([archive], "conditional://models", "flat", replace=True)

        assert [*Conditional.store] == ["/models/digits-1.0.mar"]

    def test_beginning(self, archive: Ready):
        """Where files are written piece by piece, the next publisher completes one."""
        MemoryFileSystem().pipe_file("/models/digits-1.0.mar", archive.path.read_bytes()[:99])

        assert states(publish([archive], "memory://models", "flat")) == ["published"]
        assert MemoryFileSystem.store["/models/digits-1.0.mar"].getvalue() == archive.path.read_bytes()

    def test_litter(self, tmp_path: Path, archive: Ready):
        """Drafts go with the next publication, even if there is nothing else to do."""
        publish([archive], str(tmp_path / "store"), "flat")
        draft = tmp_path / "store/.digits-1.0.mar.0123456789abcdef.part"
        draft.mkdir()
        (draft / "digits-1.0.mar").write_bytes(b"half")

        publish([archive], str(tmp_path / "store"), "flat")

        assert set(tree(tmp_path / "store")) == {"digits-1.0.mar", "digits-1.0.mar.sha256"}
        assert not draft.exists()
