"""The formats, by torch-model-archiver's names for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format, find_format
from hatch_mar.archive.formats.reader import open_container, read
from hatch_mar.archive.manifest import WORKFLOW_MANIFEST_NAME, Manifest
from tests.archives import PACKING, archive_of

FILES = {"handler.py": b"#", "deep/er/weights.pt": b"x" * 2_000_000}


class TestFormats:
    def test_suffixes(self) -> None:
        """They are torch-model-archiver's, by which TorchServe decides how to read a file."""
        suffixes = {name: form.suffix for name, form in FORMATS.items()}

        assert suffixes == {"default": ".mar", "tgz": ".tar.gz", "no-archive": "", "zip-store": ".mar"}

    @pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
    def test_round_trip(self, form: Format, tmp_path: Path) -> None:
        """What a format writes to a path with its suffix is read back from there."""
        path = tmp_path / f"digits{form.suffix}"
        form.write(archive_of(FILES), path, PACKING)
        with open_container(path) as container:
            assert container.kind == form.container

        with read(path) as archive:
            found = {member.name: b"".join(member.source.chunks()) for member in archive.members}
        assert found == FILES

    def test_workflow(self, tmp_path: Path) -> None:
        """A workflow is a zip with a manifest of its own."""
        path = tmp_path / f"flow{WORKFLOW.suffix}"
        manifest = Manifest({"workflow": {"workflowName": "flow"}}, WORKFLOW_MANIFEST_NAME)
        WORKFLOW.write(Archive(manifest, ()), path, PACKING)

        with read(path) as archive:
            assert archive.manifest == manifest


def test_find_format():
    """Of the formats that one container has, the default counts."""
    assert find_format("zip") == FORMATS["default"]
    assert find_format("directory") == FORMATS["no-archive"]
