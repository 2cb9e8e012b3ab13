from __future__ import annotations

import errno
import tarfile
from pathlib import Path

import pytest

from hatch_mar.archive.digest import content_digest
from hatch_mar.archive.formats import tgz
from hatch_mar.archive.formats.reader import read
from hatch_mar.errors import PackError, ReadError, ReleaseError
from hatch_mar.release.publishing.layouts.sagemaker import make_uploads
from hatch_mar.release.publishing.ready import Ready, Upload
from hatch_mar.terminal import progress
from tests.release.publishing.layouts.models import FILES, make_ready, make_workflow


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def repack(ready: Ready, scratch: Path) -> Path:
    """The file that is made of an archive that SageMaker would not unpack."""
    [(name, source)] = make_uploads([ready], scratch)
    assert (name, source) == ("model.tar.gz", scratch / "model.tar.gz")
    return scratch / "model.tar.gz"


def digest_of(path: Path) -> str:
    with read(path) as archive:
        return content_digest(archive)


class TestMakeUploads:
    def test_as_it_is(self, tmp_path: Path, scratch: Path):
        """An archive that SageMaker unpacks is not packed again, so that its digest stays."""
        ready = make_ready(tmp_path, form="tgz", root=".")

        assert make_uploads([ready], scratch) == [Upload("model.tar.gz", ready.path)]
        assert list(scratch.iterdir()) == []

    @pytest.mark.parametrize("form", ["default", "zip-store", "tgz", "no-archive"])
    def test_repacked(self, tmp_path: Path, scratch: Path, form: str):
        """Any other archive is packed again, with its members where SageMaker looks for them."""
        ready = make_ready(tmp_path, form=form, files={**FILES, "code/requirements.txt": b"Pillow\n"})

        path = repack(ready, scratch)

        with tarfile.open(path) as tar:
            assert tar.getnames() == [
                *("./MAR-INF/MANIFEST.json", "./code/requirements.txt", "./handler.py"),
            ]
        assert digest_of(path) == digest_of(ready.path)

    def test_several_roots(self, tmp_path: Path, scratch: Path):
        """A tar of which only the first members lie in `.` is packed again."""
        ready = make_ready(tmp_path, form="tgz", root=".")
        with tarfile.open(ready.path, "w:gz") as tar:
            for folder, name in ((".", "MAR-INF/MANIFEST.json"), ("digits", "handler.py")):
                (tmp_path / "file").write_bytes(b"{}")
                tar.add(tmp_path / "file", f"{folder}/{name}")

        with tarfile.open(repack(ready, scratch)) as tar:
            assert tar.getnames() == ["./MAR-INF/MANIFEST.json", "./handler.py"]

    def test_same_bytes(self, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch):
        """An archive gives the same bytes whenever it is packed, so that it can be published twice."""
        ready = make_ready(tmp_path)
        first = repack(ready, scratch)
        data = first.read_bytes()
        first.unlink()
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

        assert repack(ready, scratch).read_bytes() == data

    def test_progress(
        self,
        tmp_path: Path,
        scratch: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        """Packing a large model again takes long enough to say how far it is."""
        monkeypatch.setattr(progress, "BETWEEN_LINES", 0.0)

        repack(make_ready(tmp_path), scratch)

        assert capsys.readouterr().err.startswith("Packing model.tar.gz: ")

    def test_full(self, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch):
        """Where there is no space to pack it, the message says where."""

        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(tgz, "write", fail)

        with pytest.raises(PackError, match=r"^Cannot write `.*model\.tar\.gz`: No space left on device$"):
            make_uploads([make_ready(tmp_path)], scratch)

    def test_two(self, tmp_path: Path, scratch: Path):
        """Two archives need two folders."""
        archives = [make_ready(tmp_path, name) for name in ("digits", "letters")]

        with pytest.raises(ReleaseError, match=r"^The layout `sagemaker` takes one archive per folder"):
            make_uploads(archives, scratch)

    def test_workflow(self, tmp_path: Path, scratch: Path):
        """A workflow is not a model."""
        with pytest.raises(ReleaseError, match=r"^The layout `sagemaker` does not support workflows"):
            make_uploads([make_workflow(tmp_path)], scratch)

    def test_damaged(self, tmp_path: Path, scratch: Path):
        """A damaged archive is not published."""
        ready = make_ready(tmp_path, form="tgz", root=".")
        ready.path.write_bytes(ready.path.read_bytes()[:-20])

        with pytest.raises(ReadError):
            make_uploads([ready], scratch)
