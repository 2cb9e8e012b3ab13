from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.digest import content_digest
from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.manifest import WORKFLOW_MANIFEST_NAME
from hatch_mar.archive.packager.pack import pack_as
from tests.archives import INSTANT, MANIFEST, PACKING, archive_of, tree

NEW = archive_of({"model.py": b"new", "deep/weights.pth": b"\x80" * 1000})


class TestArtifact:
    def test_file(self, tmp_path: Path):
        """A file has a size and a digest."""
        artifact = pack_as(NEW, tmp_path / "digits.mar", FORMATS["default"], PACKING)
        data = (tmp_path / "digits.mar").read_bytes()

        assert len(data) == artifact.size
        assert hashlib.sha256(data).hexdigest() == artifact.sha256

    def test_directory(self, tmp_path: Path):
        """A directory has the size of its files, and no digest."""
        artifact = pack_as(NEW, tmp_path / "digits", FORMATS["no-archive"], Packing(INSTANT))

        assert sum(map(len, tree(tmp_path / "digits").values())) == artifact.size
        assert artifact.sha256 is None

    @pytest.mark.parametrize("form", [*FORMATS.values(), WORKFLOW], ids=[*FORMATS, "workflow"])
    def test_content_digest(self, form: Format, tmp_path: Path):
        """The content has the same digest in every format."""
        archive = Archive(MANIFEST._replace(name=WORKFLOW_MANIFEST_NAME), NEW.members)
        packed = archive if form is WORKFLOW else NEW

        assert (
            content_digest(packed)
            == pack_as(packed, tmp_path / f"digits{form.suffix}", form, PACKING).content_digest
        )
