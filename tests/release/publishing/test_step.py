from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from hatch_mar.archive.checksums import format_sum
from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.destination import open_storage
from hatch_mar.release.publishing.step import LARGEST_SIDECAR, find_digest, find_steps
from tests.release.publishing.layouts.models import make_ready
from tests.release.publishing.stores import Conditional


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"archive")
    return path


def look(url: str, name: str, source: Path) -> tuple[str | None, bool]:
    """What is found for our file."""
    return find_digest(open_storage(url), name, source, digest(b"archive"))


class TestFindSteps:
    def test_flat(self, tmp_path: Path):
        """An archive has its name and digest, and is looked for where it goes."""
        archive = make_ready(tmp_path)
        [step] = find_steps(open_storage(str(tmp_path / "store")), [archive], "flat", tmp_path)

        assert step.name == "digits-1.0.mar"
        assert step.sha256 == digest(archive.path.read_bytes())
        assert step.there is None
        assert step.is_archive
        assert not step.is_done
        assert step.sidecar == "digits-1.0.mar.sha256"
        assert step.sum == f"{step.sha256}  digits-1.0.mar\n"

    def test_texts(self, tmp_path: Path):
        """A text that a layout makes becomes a file, and gets no sidecar."""
        steps = find_steps(open_storage(str(tmp_path / "store")), [make_ready(tmp_path)], "kserve", tmp_path)
        archives = {step.name: step.is_archive for step in steps}

        assert archives == {"config/config.properties": False, "model-store/digits.mar": True}

    def test_look_again(self, tmp_path: Path):
        """What others write in the meantime is seen when a step looks again."""
        archive = make_ready(tmp_path)
        place = open_storage(str(tmp_path / "store"))
        [step] = find_steps(place, [archive], "flat", tmp_path)
        place.create(step.name, archive.path, int)

        assert step.look_again().is_done

    def test_others(self, tmp_path: Path):
        """A folder that a layout has for itself must not have files of others; sidecars do not count."""
        store = tmp_path / "store"
        (store / "model-store").mkdir(parents=True)
        (store / "model-store/digits.mar.sha256").touch()
        archive = make_ready(tmp_path)

        assert len([*find_steps(open_storage(str(store)), [archive], "kserve", tmp_path)]) == 2
        (store / "model-store/letters.mar").touch()
        with pytest.raises(ReleaseError, match=r"already has `letters\.mar`;"):
            [*find_steps(open_storage(str(store)), [archive], "kserve", tmp_path)]


class TestFindDigest:
    def test_missing(self, source: Path):
        """What is not there has no digest."""
        assert look("memory://models", "x.mar", source) == (None, False)

    @pytest.mark.parametrize(
        ("there", "sidecar", "found"),
        [
            (b"archive", None, b"archive"),
            (b"another", None, b"another"),
            (b"another", b"archive", b"archive"),  # the sidecar is believed, so the file is not read
            (b"larger one", b"archive", b"larger one"),
            (b"another", b"a third", b"another"),  # but what it says of others is not
        ],
    )
    def test_sidecar(self, source: Path, there: bytes, sidecar: bytes | None, found: bytes):
        """In a store, a sidecar is believed if the file is as large as ours, and has its digest."""
        filesystem = MemoryFileSystem()
        filesystem.pipe_file("/models/a/x.mar", there)
        if sidecar:
            filesystem.pipe_file("/models/a/x.mar.sha256", format_sum("x.mar", digest(sidecar)).encode())

        assert look("memory://models", "a/x.mar", source) == (digest(found), False)

    @pytest.mark.parametrize("text", [b"", b"no digest", b"\xff", bytes(LARGEST_SIDECAR + 1)])
    def test_broken_sidecar(self, source: Path, text: bytes):
        """A sidecar that says nothing is not believed."""
        filesystem = MemoryFileSystem()
        filesystem.pipe_file("/models/x.mar", b"another")
        filesystem.pipe_file("/models/x.mar.sha256", text)

        assert look("memory://models", "x.mar", source) == (digest(b"another"), False)

    def test_older_sidecar(self, source: Path):
        """A sidecar is not believed if the file has been written since."""
        filesystem = MemoryFileSystem()
        filesystem.pipe_file("/models/x.mar.sha256", format_sum("x.mar", digest(b"archive")).encode())
        filesystem.pipe_file("/models/x.mar", b"another")

        assert look("memory://models", "x.mar", source) == (digest(b"another"), False)

    def test_beginning(self, source: Path):
        """The beginning of our file, as a killed publisher may leave it, counts as nothing."""
        filesystem = MemoryFileSystem()
        filesystem.pipe_file("/models/x.mar", b"arch")
        filesystem.pipe_file("/models/y.mar", b"other")

        assert look("memory://models", "x.mar", source) == (None, True)
        assert look("memory://models", "y.mar", source) == (digest(b"other"), False)

    def test_no_beginnings(self, source: Path):
        """In a store whose files are whole, the beginning of our file is somebody else's file."""
        Conditional().pipe_file("/models/x.mar", b"arch")

        assert look("conditional://models", "x.mar", source) == (digest(b"arch"), False)
