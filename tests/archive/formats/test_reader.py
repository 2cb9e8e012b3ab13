from __future__ import annotations

import errno
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format
from hatch_mar.archive.formats.reader import (
    has_root,
    open_container,
    read,
    read_manifest,
    read_member,
)
from hatch_mar.archive.manifest import MANIFEST_NAME, WORKFLOW_MANIFEST_NAME, Manifest
from hatch_mar.errors import ReadError
from tests.archives import MANIFEST, MANIFEST_BYTES, PACKING, archive_of, files, needs_posix

MEMBERS = {
    "model.py": b"class Net: ...\n",
    "bin/run": b"#!/bin/sh\n",
    "names/zoë.json": b"{}\n",
    "empty": b"",
}
SMALL = archive_of(MEMBERS, executable=["bin/run"])
ALL_FORMATS = {**FORMATS, "workflow": WORKFLOW}
REFUSED = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL)
"""What a file system says of names that it takes for one, or that no file of its own can have."""


@pytest.fixture(params=ALL_FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    return ALL_FORMATS[request.param]


def written(path: Path, form: Format, archive: Archive = SMALL, **packing: object) -> Path:
    """An archive in a file with the format's suffix and the manifest that belongs in it."""
    name = WORKFLOW_MANIFEST_NAME if form is WORKFLOW else archive.manifest.name
    path = path / f"digits{form.suffix}"
    named = Archive(archive.manifest._replace(name=name), archive.members)
    form.write(named, path, PACKING._replace(**packing))
    return path


def contents(archive: Archive) -> dict[str, bytes]:
    return {member.name: b"".join(member.source.chunks()) for member in archive.members}


def refused(path: Path) -> str:
    """The one line that says why a file cannot be read."""
    with pytest.raises(ReadError) as error, read(path):
        pass
    assert len(error.value.faults) == 1
    assert "\n" not in str(error.value)
    return str(error.value)


class TestRead:
    def test_members(self, form: Format, tmp_path: Path):
        """The manifest, names and bytes are those that were written."""
        with read(written(tmp_path, form)) as found:
            assert found.manifest.document == MANIFEST.document
            assert contents(found) == MEMBERS
            assert [member.source.size() for member in found.members] == list(
                map(len, contents(found).values())
            )

    @needs_posix
    def test_modes(self, form: Format, tmp_path: Path):
        """The members that are executable are those that were written so."""
        with read(written(tmp_path, form)) as found:
            assert [member.name for member in found.members if member.executable] == ["bin/run"]

    def test_seekable(self, form: Format, tmp_path: Path):
        """Every member can be opened and sought in."""
        with read(written(tmp_path, form, compression="deflate")) as found:
            for member in found.members:
                with member.source.open() as stream:
                    stream.seek(3)
                    assert MEMBERS[member.name][3:] == stream.read()

    def test_written_again(self, form: Format, tmp_path: Path):
        """An archive that was read can be written again, to the same bytes."""
        path = written(tmp_path, form)
        (tmp_path / "again").mkdir()
        with read(path) as found:
            again = written(tmp_path / "again", form, found)
        if path.is_file():
            assert path.read_bytes() == again.read_bytes()

    @given(files.filter(bool), st.sampled_from(list(FORMATS)), st.sampled_from(["auto", "store", "deflate"]))
    def test_any(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        members: dict[str, bytes],
        form: str,
        compression: str,
    ):
        """Any names and bytes are read back, unless the file system refuses them."""
        directory = tmp_path_factory.mktemp("any")
        refused = None
        try:
            path = written(directory, FORMATS[form], archive_of(members), compression=compression)
        except OSError as error:
            refused = error
        if refused:
            assert form == "no-archive"
            assert refused.errno in REFUSED
            return
        with read(path) as found:
            assert contents(found) == members

    @pytest.mark.parametrize(
        "name",
        ["__pycache__/model.cpython-311.pyc", ".git/config", "a.pyc", ".DS_Store", ".hatch/x", ".hidden"],
    )
    def test_strange_names(self, name: str, form: Format, tmp_path: Path):
        """A name that no build would pack is read in every format, since TorchServe serves it too."""
        with read(written(tmp_path, form, archive_of({name: b"1"}))) as found:
            assert contents(found) == {name: b"1"}

    @pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\evil"])
    @pytest.mark.parametrize("form", ["default", "tgz"])
    def test_escapes(self, form: str, name: str, tmp_path: Path):
        """A name that leads out of the archive can be read, since nothing is unpacked."""
        path = written(tmp_path, FORMATS[form], archive_of({name: b"1"}))
        with read(path) as found:
            assert list(contents(found).values()) == [b"1"]
        assert list(tmp_path.iterdir()) == [path]

    def test_two_of_a_name(self, tmp_path: Path):
        """Two members of one name are both given."""
        twice = Archive(MANIFEST, (Member("a", BytesSource(b"1")), Member("a", BytesSource(b"2"))))
        with read(written(tmp_path, FORMATS["default"], twice)) as found:
            assert [b"".join(member.source.chunks()) for member in found.members] == [b"1", b"2"]

    def test_two_manifests(self, tmp_path: Path):
        """Of two manifests the last one counts, as TorchServe unpacks it last."""
        late = Archive(MANIFEST, (Member(MANIFEST_NAME, BytesSource(b'{"late": true}')),))
        with read(written(tmp_path, FORMATS["default"], late)) as found:
            assert found.manifest.document == {"late": True}
            assert found.members == ()

    def test_closed(self, form: Format, tmp_path: Path):
        """Its files are closed at the end."""
        path = written(tmp_path, form)
        with read(path) as found:
            pass
        if form.suffix:
            with pytest.raises((ReadError, ValueError)):
                contents(found)


class TestContainer:
    """TorchServe decides only by its name what a file is."""

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("default", "zip"),
            ("zip-store", "zip"),
            ("workflow", "zip"),
            ("tgz", "tgz"),
            ("no-archive", "directory"),
        ],
    )
    def test_kind(self, name: str, kind: str, tmp_path: Path):
        """A `.mar` or `.war` is a zip, any other file a `.tar.gz`."""
        with open_container(written(tmp_path, ALL_FORMATS[name])) as container:
            assert container.kind == kind

    @pytest.mark.parametrize(("form", "other"), [("default", "digits.tar.gz"), ("tgz", "digits.mar")])
    def test_wrong_suffix(self, form: str, other: str, tmp_path: Path):
        """An archive with the suffix of another kind is not read."""
        path = written(tmp_path, FORMATS[form]).rename(tmp_path / other)

        assert refused(path).startswith(f"{path}: MAR8")

    @pytest.mark.parametrize("name", ["digits.tgz", "digits", "digits.zip"])
    def test_any_other_suffix(self, name: str, tmp_path: Path):
        """A file with any other name is a `.tar.gz`."""
        with read(written(tmp_path, FORMATS["tgz"]).rename(tmp_path / name)) as found:
            assert contents(found) == MEMBERS

    def test_storage(self, tmp_path: Path):
        """A zip says how each member is stored, and in how many bytes."""
        path = written(tmp_path, FORMATS["default"], archive_of({"a": b"0" * 1000}), compression="deflate")
        with open_container(path) as container, zipfile.ZipFile(path) as file:
            manifest, member = container.members

            assert container.storage(member) == ("deflated", file.getinfo("a").compress_size)
            assert container.storage(manifest)[0] == "deflated"

    def test_shared_stream(self, tmp_path: Path):
        """A container with a single stream only has a size as a whole."""
        with open_container(written(tmp_path, FORMATS["tgz"])) as container:
            assert {container.storage(member) for member in container.members} == {("tgz", None)}


class TestReadManifest:
    def test_document(self, form: Format, tmp_path: Path):
        """It is the manifest that was written."""
        assert read_manifest(written(tmp_path, form)).document == MANIFEST.document

    def test_beginning(self, tmp_path: Path):
        """Of a `.tar.gz`, only the beginning is read."""
        path = written(tmp_path, FORMATS["tgz"], archive_of({"weights": bytes(4 << 20)}))
        os.truncate(path, path.stat().st_size // 2)

        assert read_manifest(path).document == MANIFEST.document
        with pytest.raises(ReadError), read(path):
            pass

    @pytest.mark.parametrize("first", [MANIFEST_NAME, "weights"])
    def test_first(self, first: str, tmp_path: Path):
        """Of a `.tar.gz`, the manifest is its first file, or it is not read."""
        path = tmp_path / "digits.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            folder = tarfile.TarInfo("digits")
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
            for name in sorted((MANIFEST_NAME, "weights"), key=lambda name: name != first):
                info = tarfile.TarInfo(f"digits/{name}")
                info.size = len(MANIFEST_BYTES)
                tar.addfile(info, io.BytesIO(MANIFEST_BYTES))

        if first == MANIFEST_NAME:
            assert read_manifest(path).document == MANIFEST.document
        else:
            with pytest.raises(ReadError, match=r" has no `MAR-INF/MANIFEST\.json`$"):
                read_manifest(path)

    @pytest.mark.parametrize("name", ["digits.mar", "digits.tar.gz", "digits.war", "digits"])
    @pytest.mark.parametrize(
        "data", [b"", b"notes", b"PK\x05\x06" + bytes(18), b"\x1f\x8b" + bytes(40), None]
    )
    def test_no_archive(self, data: bytes | None, name: str, tmp_path: Path):
        """What is not an archive is an error, and so is nothing at all."""
        if data is not None:
            (tmp_path / name).write_bytes(data)

        with pytest.raises(ReadError):
            read_manifest(tmp_path / name)


class TestHasRoot:
    @pytest.mark.parametrize("root", [".", "digits"])
    def test_one(self, root: str, tmp_path: Path):
        """It is the folder that everything was packed into, and no other."""
        path = written(tmp_path, FORMATS["tgz"], root=root)

        assert [name for name in (".", "digits", "") if has_root(path, name)] == [root]

    @pytest.mark.parametrize("last", ["digits/weights", "weights"])
    def test_several(self, last: str, tmp_path: Path):
        """A tar of which one member lies elsewhere has no root."""
        path = tmp_path / "digits.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            tar.addfile(tarfile.TarInfo(f"./{MANIFEST_NAME}"))
            tar.addfile(tarfile.TarInfo(last))

        assert not has_root(path, ".")

    def test_damaged(self, tmp_path: Path):
        """What is damaged cannot be told."""
        path = written(tmp_path, FORMATS["tgz"])
        path.write_bytes(path.read_bytes()[:-20])

        with pytest.raises(ReadError):
            has_root(path, "digits")


class TestNoArchive:
    def test_missing(self, tmp_path: Path):
        """A missing file is named."""
        for name in ("digits.mar", "digits.tar.gz", "digits"):
            assert refused(tmp_path / name) == f"Cannot read `{tmp_path / name}`: No such file or directory"

    @pytest.mark.parametrize("name", ["digits.mar", "digits.war", "digits.tar.gz"])
    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x1f\x8b", b"0" * 10_000], ids=len)
    def test_other_bytes(self, data: bytes, name: str, tmp_path: Path):
        """A file that is not an archive is not read."""
        (tmp_path / name).write_bytes(data)

        message = refused(tmp_path / name)
        assert message.startswith(f"{tmp_path / name}: MAR8")

    def test_no_manifest(self, tmp_path: Path):
        """A zip or directory without a manifest is not read."""
        (tmp_path / "digits").mkdir()
        with zipfile.ZipFile(tmp_path / "digits.mar", "w") as file:
            file.writestr("model.py", b"")
        for name in ("digits", "digits.mar"):
            expected = f"Not a model archive: `{tmp_path / name}` has no `MAR-INF/MANIFEST.json`"

            assert refused(tmp_path / name) == expected

    @pytest.mark.parametrize(
        "name", ["mar-inf/manifest.json", "MAR-INF/manifest.json", "x/MAR-INF/MANIFEST.json"]
    )
    def test_manifest_elsewhere(self, name: str, tmp_path: Path):
        """A manifest with another case or in another place is not one for TorchServe."""
        with zipfile.ZipFile(tmp_path / "digits.mar", "w") as file:
            file.writestr(name, MANIFEST_BYTES)

        assert refused(tmp_path / "digits.mar").endswith(" has no `MAR-INF/MANIFEST.json`")

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"[]",
            b"{",
            b"\xff",
            b"\xef\xbb\xbf{}",
            b"[" * 100_000,
            b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        ],
        ids=["empty", "array", "half", "no text", "byte order mark", "deep", "deep tables"],
    )
    def test_damaged_manifest(self, data: bytes, form: Format, tmp_path: Path):
        """A manifest that is not a JSON object is refused."""
        manifest = MANIFEST._replace(name=WORKFLOW_MANIFEST_NAME if form is WORKFLOW else MANIFEST_NAME)
        path = tmp_path / f"digits{form.suffix}"
        form.write(
            Archive(manifest._replace(name="first"), (Member(manifest.name, BytesSource(data)),)),
            path,
            PACKING,
        )

        assert refused(path).startswith(f"Not a model archive: `{path}`: `{manifest.name}` ")

    @pytest.mark.parametrize("depth", [100, 300, 500, 900])
    def test_nested_manifest(self, depth: int, tmp_path: Path):
        """A manifest that is nested very deeply is refused."""
        data = b'{"a":' * depth + b"1" + b"}" * depth
        path = tmp_path / "digits.mar"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(MANIFEST_NAME, data)

        assert refused(path).startswith(f"Not a model archive: `{path}`: ")

    def test_largest_manifest(self, form: Format, tmp_path: Path):
        """A manifest of more than one mebibyte is refused."""
        path = written(tmp_path, form, Archive(Manifest({"a": "0" * (1 << 20)}), SMALL.members))

        assert refused(path).endswith(" is larger than the 1048576 bytes it may have")


class TestDirectory:
    @needs_posix
    def test_broken_link(self, tmp_path: Path):
        """A broken link is an error that names it."""
        path = written(tmp_path, FORMATS["no-archive"])
        (path / "weights").symlink_to("nowhere")
        message = refused(path)

        assert message.startswith(f"Cannot read `{path}`: ")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
    def test_pipe(self, tmp_path: Path):
        """A pipe is an error, since reading it might never end."""
        path = written(tmp_path, FORMATS["no-archive"])
        os.mkfifo(path / "pipe")

        assert "`" in refused(path)

    @needs_posix
    def test_link_to_a_folder_above(self, tmp_path: Path):
        """A link back to its own folder is an error."""
        path = written(tmp_path, FORMATS["no-archive"])
        (path / "again").symlink_to(".")

        assert refused(path).endswith(f"link leads back to its own folder: `{path / 'again'}`")

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a file that may not be read")
    def test_unreadable(self, tmp_path: Path):
        """A file without permission to read is named."""
        path = written(tmp_path, FORMATS["no-archive"])
        (path / "empty").chmod(0)
        with pytest.raises((ReadError, PermissionError)), read(path) as found:
            contents(found)


class TestContent:
    def test_most(self):
        """A member may have exactly the most bytes."""
        assert read_member(Member("a", BytesSource(b"12345")), 5) == b"12345"

    def test_more(self):
        """One byte more is an error."""
        with pytest.raises(ReadError, match=r"^Archive member `a` is larger than the 4 bytes it may have$"):
            read_member(Member("a", BytesSource(b"12345")), 4)
