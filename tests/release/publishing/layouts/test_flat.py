from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.layouts.flat import make_uploads
from hatch_mar.release.publishing.ready import Ready, Upload
from tests.release.publishing.layouts.models import make_ready, make_workflow


class TestMakeUploads:
    @pytest.mark.parametrize(
        ("form", "file"),
        [
            ("default", "digits-1.0+cpu.mar"),
            ("zip-store", "digits-1.0+cpu.mar"),
            ("tgz", "digits-1.0+cpu.tar.gz"),
        ],
    )
    def test_name(self, tmp_path: Path, form: str, file: str):
        """The name has the version, and the suffix of the archive's own format."""
        ready = make_ready(tmp_path, version="1.0+cpu", form=form)

        assert make_uploads([ready], tmp_path) == [Upload(file, ready.path)]

    def test_several(self, tmp_path: Path):
        """One folder takes all archives, in their order."""
        archives = [make_ready(tmp_path, name) for name in ("letters", "digits")]

        uploads = make_uploads(archives, tmp_path)

        assert [upload.name for upload in uploads] == ["letters-1.0.mar", "digits-1.0.mar"]

    def test_workflow(self, tmp_path: Path):
        """A workflow has no version, and keeps its suffix."""
        ready = make_workflow(tmp_path)

        assert make_uploads([ready], tmp_path) == [Upload("pipe.war", ready.path)]

    def test_directory(self, tmp_path: Path):
        """A directory is not one file."""
        ready = make_ready(tmp_path, form="no-archive")

        with pytest.raises(ReleaseError) as error:
            make_uploads([ready], tmp_path)

        assert str(error.value) == (
            "Cannot publish the directory `digits` as one file; use another `archive-format` than"
            " `no-archive`"
        )

    @pytest.mark.parametrize("version", ["1/2", "../1", "1..2", "1\\2", '1"2'])
    def test_foreign_version(self, version: str):
        """What somebody else's manifest says leads nowhere else, and TorchServe loads the file."""
        ready = Ready(Path("dist/foreign.mar"), "digits", version, FORMATS["default"])

        with pytest.raises(ReleaseError) as error:
            make_uploads([ready], Path())

        assert str(error.value) == (
            f"The version `{version}` of `foreign.mar` cannot be part of a file's name; give the model one"
            " without slashes, quotation marks or `..`"
        )
