from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import Archive, BytesSource
from hatch_mar.archive.digest import content_digest, sha256
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.reader import read
from hatch_mar.archive.manifest import Manifest
from hatch_mar.errors import PackError
from tests.archives import (
    LARGE,
    MANIFEST,
    PACKING,
    GrowingSource,
    archive_of,
    files,
    incompressible,
    needs_posix,
)

MEMBERS = {
    "model.py": b"class Net: ...\n",
    "bin/run": b"#!/bin/sh\n",
    "names/zoë.json": b"{}\n",
    "empty": b"",
}
SMALL = archive_of(MEMBERS, executable=["bin/run"])
CONTAINERS = list(itertools.product(FORMATS, ("auto", "store", "deflate")))


class TestSha256:
    def test_bytes(self):
        """The digest does not depend on how the bytes are cut into chunks."""
        data = incompressible((2 << 20) + 1)

        assert hashlib.sha256(data).digest() == sha256(BytesSource(data))

    def test_changing_file(self, tmp_path: Path):
        """A file that changes while it is read has no digest."""
        file = tmp_path / "file"
        file.write_bytes(b"1")

        with pytest.raises(PackError, match=r"^File changed while it was packed: "):
            sha256(GrowingSource(file))


class TestContentDigest:
    def test_golden(self):
        """The digest is the same on every machine and with every Python."""
        expected = "af0dda5b143c44c1937d40f4fcd07312ca125bb5e288c49c8fa1473193310ab9"

        assert content_digest(SMALL) == expected

    @needs_posix
    @pytest.mark.parametrize(("form", "compression"), CONTAINERS)
    def test_containers(self, form: str, compression: str, tmp_path: Path):
        """The digest is the same for every format and compression, and for an archive that is read back."""
        archive = archive_of(MEMBERS | {"weights": incompressible(1 << 20), "words": LARGE}, ["bin/run"])
        path = tmp_path / f"digits{FORMATS[form].suffix}"
        FORMATS[form].write(archive, path, PACKING._replace(compression=compression))
        with read(path) as found:
            assert content_digest(archive) == content_digest(found)

    @needs_posix
    @given(files.filter(bool), st.sampled_from(CONTAINERS))
    def test_any(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        members: dict[str, bytes],
        container: tuple[str, str],
    ):
        """The digest is the same in every format for any content."""
        form, compression = container
        archive = archive_of(members)
        path = tmp_path_factory.mktemp("any") / f"digits{FORMATS[form].suffix}"
        try:
            FORMATS[form].write(archive, path, PACKING._replace(compression=compression))
        except OSError:
            return  # two names that are one to the file system, or a file that is a folder of another
        with read(path) as found:
            assert content_digest(archive) == content_digest(found)

    def test_order(self):
        """The order in which members are made does not matter."""
        backwards = dict(reversed(MEMBERS.items()))

        assert content_digest(SMALL) == content_digest(archive_of(backwards, executable=["bin/run"]))

    @pytest.mark.parametrize(
        "other",
        [
            archive_of(MEMBERS),
            archive_of(MEMBERS, executable=["bin/run", "empty"]),
            archive_of(MEMBERS | {"empty": b"\0"}, executable=["bin/run"]),
            archive_of(MEMBERS | {"another": b""}, executable=["bin/run"]),
            archive_of({**MEMBERS, "void": MEMBERS["empty"]} | {"empty": b"1"}, executable=["bin/run"]),
            Archive(Manifest({"model": {"modelName": "Digits"}}), SMALL.members),
            Archive(MANIFEST._replace(name="WAR-INF/MANIFEST.json"), SMALL.members),
            Archive(MANIFEST, SMALL.members[:-1]),
        ],
        ids=["mode", "mode of another", "byte", "more", "moved", "manifest", "kind", "fewer"],
    )
    def test_differs(self, other: Archive):
        """Every name, mode and byte counts, including the manifest's."""
        assert content_digest(SMALL) != content_digest(other)

    def test_borders(self):
        """Bytes cannot move from the end of a name to the beginning of the content."""
        one = archive_of({"a": b"", "b": b""})
        other = archive_of({"a" * 2: b"", "b": b""})

        assert content_digest(one) != content_digest(other)
