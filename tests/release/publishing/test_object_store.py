from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from hatch_mar import output
from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.object_store import SMALL, ObjectStore, exclusive_arguments
from hatch_mar.release.publishing.storage import Taken
from tests.release.publishing.stores import Conditional


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"archive")
    return path


def contents(store: type[MemoryFileSystem] = Conditional) -> dict[str, bytes]:
    return {name: file.getvalue() for name, file in store.store.items()}


class TestStore:
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_web(self, scheme: str):
        """A web server is refused before anything is sent."""
        with pytest.raises(
            ReleaseError, match=f"^Cannot publish to `{scheme}://…host/x`: a web server can only"
        ):
            ObjectStore(f"{scheme}://me:secret@host/x")

    def test_caution(self):
        """A store that cannot refuse says so, and one that can does not."""
        assert ObjectStore("conditional://models").caution is None
        assert str(ObjectStore("memory://models/").caution).startswith(
            "`memory://models` cannot refuse to overwrite a file, so two publishers of the same file could"
        )

    def test_address(self):
        """What is shown has no password."""
        assert ObjectStore("memory://me:secret@models/a/").address("x.mar") == "memory://…models/a/x.mar"


class TestCreate:
    @pytest.mark.parametrize(
        ("scheme", "store"), [("memory", MemoryFileSystem), ("conditional", Conditional)]
    )
    def test_new(self, source: Path, scheme: str, store: type[MemoryFileSystem]):
        """A file is sent once it is known that there is none."""
        moved: list[int] = []

        ObjectStore(f"{scheme}://models/a").create("x.mar", source, moved.append)

        assert contents(store) == {"/models/a/x.mar": b"archive"}
        assert sum(moved) == 7

    @pytest.mark.parametrize(
        ("scheme", "store"), [("memory", MemoryFileSystem), ("conditional", Conditional)]
    )
    def test_taken(self, source: Path, scheme: str, store: type[MemoryFileSystem]):
        """What is there stays."""
        store().pipe_file("/models/a/x.mar", b"other")

        with pytest.raises(Taken):
            ObjectStore(f"{scheme}://models/a").create("x.mar", source, int)

        assert contents(store) == {"/models/a/x.mar": b"other"}

    def test_heedless(
        self, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """A store that ignores the condition is found out with the first small file, and named once."""
        monkeypatch.setattr(Conditional, "heeds", False)
        store = ObjectStore("conditional://models/a")

        store.create("x.mar.sha256", source, int)
        store.create("y.mar.sha256", source, int)

        assert capsys.readouterr().err == (
            "Warning: `conditional://models/a` cannot refuse to overwrite a file, so two publishers of the"
            " same file could both succeed; let only one publish at a time\n"
        )

    def test_heeded(self, source: Path, capsys: pytest.CaptureFixture[str]):
        """A store that heeds it is asked once, and never with a large file."""
        store = ObjectStore("conditional://models/a")
        large = source.with_name("large")
        large.write_bytes(bytes(SMALL + 1))

        store.create("x.mar", large, int)
        store.create("x.mar.sha256", source, int)
        store.create("y.mar.sha256", source, int)

        assert capsys.readouterr().err == ""
        assert [name.removeprefix("/models/a/") for name in Conditional.put] == [
            "x.mar", "x.mar.sha256", "x.mar.sha256", "y.mar.sha256"
        ]  # fmt: skip

    def test_refused(self, source: Path):
        """What else a store says is one sentence."""

        def refuse() -> None:
            raise PermissionError("Forbidden")

        Conditional.before.append(refuse)

        with pytest.raises(
            ReleaseError, match=r"^Cannot access `conditional://models/x\.mar`: access is denied"
        ):
            ObjectStore("conditional://models").create("x.mar", source, int)


class TestReplace:
    def test_other(self, source: Path):
        """A file is replaced, and so is the beginning of one that a killed publisher left."""
        Conditional().pipe_file("/models/x.mar", b"other")
        MemoryFileSystem().pipe_file("/models/x.mar", b"arch")

        ObjectStore("conditional://models").replace("x.mar", source, int)
        ObjectStore("memory://models").complete("x.mar", source, int)

        assert contents() == contents(MemoryFileSystem) == {"/models/x.mar": b"archive"}

    def test_left(self):
        """Only stores that write piece by piece can have beginnings."""
        assert ObjectStore("memory://models").may_have_left(5)
        assert not ObjectStore("conditional://models").may_have_left(5)


class TestSize:
    def test_sizes(self):
        """A file has a size; what is not there has none, and neither has a folder."""
        MemoryFileSystem().pipe_file("/models/a/x.mar", b"four")
        store = ObjectStore("memory://models")

        assert store.size("a/x.mar") == 4
        assert store.size("a/y.mar") is None
        assert store.size("a") is None

    def test_no_bucket(self, monkeypatch: pytest.MonkeyPatch):
        """A bucket that does not exist is not one where the file is missing."""

        def fail(*_: Any, **__: Any) -> None:
            raise FileNotFoundError from type("NoSuchBucket", (Exception,), {})()

        monkeypatch.setattr(MemoryFileSystem, "info", fail)

        with pytest.raises(ReleaseError, match="there is no such bucket; create it"):
            ObjectStore("memory://models").size("x.mar")


class TestNames:
    def test_names(self):
        """The files of a folder are listed, relative to it."""
        MemoryFileSystem().pipe_file("/models/store/x.mar", b"")
        MemoryFileSystem().pipe_file("/models/store/a/y.mar", b"")
        MemoryFileSystem().pipe_file("/models/other.mar", b"")

        assert ObjectStore("memory://models").names("store") == ["a/y.mar", "x.mar"]
        assert ObjectStore("memory://models/store").names("") == ["a/y.mar", "x.mar"]
        assert ObjectStore("memory://models").names("missing") == []


class TestIsVouchedFor:
    def test_order(self):
        """A file counts as read if its sidecar was written after it."""
        filesystem, store = MemoryFileSystem(), ObjectStore("memory://models")
        filesystem.pipe_file("/models/x.mar", b"")
        filesystem.pipe_file("/models/x.mar.sha256", b"")

        assert store.is_vouched_for("x.mar", "x.mar.sha256")
        filesystem.pipe_file("/models/x.mar", b"")
        assert not store.is_vouched_for("x.mar", "x.mar.sha256")

    def test_no_times(self, monkeypatch: pytest.MonkeyPatch):
        """Where a store does not tell the times, the file is read."""

        def fail(*_: Any) -> None:
            raise NotImplementedError

        monkeypatch.setattr(MemoryFileSystem, "modified", fail)

        assert not ObjectStore("memory://models").is_vouched_for("x.mar", "x.mar.sha256")


class TestRemove:
    def test_file(self):
        """A file is removed; if there is none, nothing happens."""
        MemoryFileSystem().pipe_file("/models/x.mar", b"")
        for _ in range(2):
            ObjectStore("memory://models").remove("x.mar")

        assert contents(MemoryFileSystem) == {}


class TestClear:
    def test_uploads(self):
        """Uploads of the file that nobody has completed are aborted, and no others."""
        for key in ("a/x.mar", "a/x.mar.sha256", "a/x.mar"):
            Conditional.uploads.append({"Key": key, "UploadId": key})

        ObjectStore("conditional://models/a").clear("x.mar")

        assert [upload["Key"] for upload in Conditional.uploads] == ["a/x.mar.sha256"]

    def test_denied(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        """Who may not list uploads can publish all the same, and is told only if wanted."""

        def fail(*_: Any, **__: Any) -> None:
            raise PermissionError("Forbidden")

        monkeypatch.setattr(Conditional, "call_s3", fail)
        monkeypatch.setattr(output, "verbosity", "verbose")

        ObjectStore("conditional://models").clear("x.mar")

        assert capsys.readouterr().err == (
            "Incomplete uploads of `conditional://models/x.mar` are not removed: Forbidden\n"
        )

    def test_other_store(self):
        """Other stores delete such uploads by themselves."""
        ObjectStore("memory://models").clear("x.mar")


class TestExclusiveArguments:
    @pytest.mark.parametrize(
        ("driver", "parameters", "expected"),
        [
            ("s3fs.core", "mode='overwrite'", {"mode": "create"}),
            ("s3fs.core", "chunksize=1", {}),
            ("gcsfs.extended_gcsfs", "mode='overwrite'", {"mode": "create"}),
            ("adlfs.spec", "overwrite=True", {"overwrite": False}),
            ("fsspec.implementations.local", "mode='overwrite'", {}),
        ],
    )
    def test_drivers(self, driver: str, parameters: str, expected: dict[str, Any]):
        """Only drivers that leave it to the store count, and only in versions that do."""
        put = eval(f"lambda self, lpath, rpath, {parameters}, **kwargs: None")
        kind = type("FileSystem", (), {"_put_file": put, "put_file": put, "__module__": driver})

        assert exclusive_arguments(kind()) == expected
