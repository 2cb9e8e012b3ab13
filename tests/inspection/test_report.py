from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.digest import content_digest
from hatch_mar.archive.formats.format import FORMATS, Format
from hatch_mar.archive.formats.reader import open_container
from hatch_mar.archive.formats.zip_reader import ZipSource
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.budget import Budget
from hatch_mar.errors import ReadError
from hatch_mar.inspection.report import inspect
from tests.archives import MANIFEST, MANIFEST_BYTES, PACKING, archive_of
from tests.conftest import checkpoint
from tests.weights.files import protocol2, saved, text, zipped

EVIL = zipped(saved(protocol2(b"cos\nsystem\n" + text("echo") + b"\x85R")))
SMALL = archive_of({"model.py": b"class Net: ...\n", "weights/model.pth": checkpoint()})


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


def write_archive(directory: Path, archive: Archive = SMALL, form: Format = FORMATS["default"]) -> Path:
    path = directory / f"digits{form.suffix}"
    form.write(archive, path, PACKING)
    return path


class TestInspect:
    def test_whole(self, form: Format, tmp_path: Path):
        """Kind, size, manifest, digest and members are those of the archive."""
        path = write_archive(tmp_path, form=form)
        found = inspect(path)
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]

        assert found.path == path
        assert found.size == sum(file.stat().st_size for file in files)
        assert found.manifest == MANIFEST
        assert found.content_digest == content_digest(SMALL)
        assert found.faults == ()
        assert [(member.name, member.size) for member in found.members] == [
            (MANIFEST_NAME, len(MANIFEST_BYTES)),
            *((member.name, member.source.size()) for member in SMALL.members),
        ]

    def test_digests(self, form: Format, tmp_path: Path):
        """Every member has the digest of its bytes."""
        found = {member.name: member.sha256 for member in inspect(write_archive(tmp_path, form=form)).members}

        assert found["model.py"] == hashlib.sha256(b"class Net: ...\n").hexdigest()
        assert found[MANIFEST_NAME] == hashlib.sha256(MANIFEST_BYTES).hexdigest()

    def test_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """One read of a member serves its own digest and that of the whole."""
        read: list[str] = []
        chunks = ZipSource.chunks

        def counting(source: ZipSource) -> Iterator[bytes]:
            read.append(names[source.start])
            return chunks(source)

        path = write_archive(tmp_path)
        with open_container(path) as container:
            sources = {member.name: cast("ZipSource", member.source) for member in container.members}
        names = {source.start: name for name, source in sources.items()}
        monkeypatch.setattr(ZipSource, "chunks", counting)
        inspect(path)

        assert sorted(name for name in read if name != MANIFEST_NAME) == ["model.py", "weights/model.pth"]

    def test_weights(self, form: Format, tmp_path: Path):
        """Only weights are described as such."""
        found = {
            member.name: member.weights for member in inspect(write_archive(tmp_path, form=form)).members
        }

        assert found["weights/model.pth"]
        assert [found["model.py"], found[MANIFEST_NAME]] == [None, None]

    def test_any_name(self, tmp_path: Path):
        """What a member is, its bytes say."""
        archive = archive_of({"notes.txt": checkpoint(), "empty.pt": b"", "text.pt": b"text"})
        found = {member.name: member.weights for member in inspect(write_archive(tmp_path, archive)).members}

        assert found == {
            MANIFEST_NAME: None,
            "notes.txt": "state_dict",
            "empty.pt": None,
            "text.pt": None,
        }

    def test_loadings(self, form: Format, tmp_path: Path):
        """What loading a member would import is known, whatever it is called."""
        found = inspect(write_archive(tmp_path, archive_of({"notes.txt": EVIL, "a.py": b"import os"}), form))
        loadings = {member.name: member.loadings for member in found.members}

        assert [each.globals for each in loadings["notes.txt"]] == [(("os", "system"),)]
        assert loadings["a.py"] == ()
        assert found.to_json()["members"][-1]["loadings"][0]["code_runners"] == ["os.system"]

    def test_manifest_values(self, tmp_path: Path):
        """The manifest's values have their own keys, without their table's."""
        assert list(inspect(write_archive(tmp_path)).manifest_values()) == [("modelName", "digits")]

    def test_to_json(self, form: Format, tmp_path: Path):
        """An inspection can be written as JSON."""
        found = inspect(write_archive(tmp_path, form=form))
        document = json.loads(json.dumps(found.to_json()))

        assert document["content_digest"] == found.content_digest
        assert [member["name"] for member in document["members"]] == [member.name for member in found.members]


class TestFaults:
    def test_no_manifest(self, tmp_path: Path):
        """Without a manifest, the members are still listed."""
        path = tmp_path / "digits.mar"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("model.py", b"1")
        found = inspect(path)

        assert found.faults == (f"Not a model archive: `{path}` has no `MAR-INF/MANIFEST.json`",)
        assert (found.manifest, found.content_digest) == (None, None)
        assert [member.name for member in found.members] == ["model.py"]
        assert found.to_json()["manifest"] is None

    def test_names(self, tmp_path: Path):
        """A name that TorchServe refuses, or that occurs twice, is a fault."""
        twice = (Member("a", BytesSource(b"1")), Member("a", BytesSource(b"2")))
        found = inspect(
            write_archive(tmp_path, Archive(MANIFEST, (*twice, Member("../b", BytesSource(b"")))))
        )

        assert tuple(sorted(found.faults)) == (
            "Archive member `../b` must not have empty, `.` or `..` parts",
            "Archive member `a` occurs 2 times; TorchServe takes the last",
        )

    def test_printable(self, tmp_path: Path):
        """A fault does not contain the control characters of a name."""
        found = inspect(write_archive(tmp_path, archive_of({"a\x1b[2J": b""})))

        assert len(found.faults) == 1
        assert [fault.isprintable() for fault in found.faults] == [True]

    def test_exhausted(self, tmp_path: Path):
        """Where looking into members ends is a fault; they are still listed."""
        archive = archive_of({"a": EVIL, "b\x1b": EVIL})
        found = inspect(write_archive(tmp_path, archive), Budget(380))

        assert found.faults[-1] == r"Not looked into from `b\x1b` on: more files than a command reads"
        assert [bool(member.loadings) for member in found.members] == [False, True, False]
        assert all(member.sha256 for member in found.members)

    def test_bomb(self, tmp_path: Path):
        """An archive that unpacks to hundreds of times its size is not read, as `check` says too."""
        path = write_archive(tmp_path, archive_of({"a": bytes(80 << 20)}))

        with pytest.raises(ReadError, match="MAR806 The members unpack to more than 250 times"):
            inspect(path)

    def test_not_an_archive(self, tmp_path: Path):
        """A file that is not an archive is an error."""
        (tmp_path / "digits.mar").write_bytes(b"0")

        with pytest.raises(ReadError, match=r": MAR801 "):
            inspect(tmp_path / "digits.mar")
