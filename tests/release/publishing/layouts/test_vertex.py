from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.release.publishing.layouts.vertex import make_uploads
from hatch_mar.release.publishing.ready import Upload
from tests.release.publishing.layouts.models import make_ready, make_workflow


class TestMakeUploads:
    def test_name(self, tmp_path: Path):
        """The file is called as Vertex AI wants it, whatever the model is called."""
        ready = make_ready(tmp_path)

        assert make_uploads([ready], tmp_path) == [Upload("model.mar", ready.path)]

    def test_two(self, tmp_path: Path):
        """Two archives need two folders."""
        archives = [make_ready(tmp_path, name) for name in ("digits", "letters")]

        with pytest.raises(ReleaseError) as error:
            make_uploads(archives, tmp_path)

        assert str(error.value) == (
            "The layout `vertex` takes one archive per folder, not `digits.mar`, `letters.mar`; put"
            " `{model-name}` into the destination, so that each gets its own"
        )

    def test_two_versions(self, tmp_path: Path):
        """The folders of two versions of a model cannot be told apart by its name."""
        archives = [make_ready(tmp_path, version=version, file=version) for version in ("1.0", "2.0")]

        with pytest.raises(ReleaseError, match=r"not `1\.0\.mar`, `2\.0\.mar`; put `\{version\}` into the"):
            make_uploads(archives, tmp_path)

    @pytest.mark.parametrize("form", ["tgz", "no-archive"])
    def test_format(self, tmp_path: Path, form: str):
        """Only a `.mar` can be called `model.mar`."""
        ready = make_ready(tmp_path, form=form)

        with pytest.raises(ReleaseError) as error:
            make_uploads([ready], tmp_path)

        assert str(error.value) == (
            f"The layout `vertex` takes only `.mar` files, not `{ready.path.name}`; set"
            ' `archive-format = "default"`'
        )

    def test_workflow(self, tmp_path: Path):
        """A workflow is not a model."""
        with pytest.raises(ReleaseError) as error:
            make_uploads([make_workflow(tmp_path)], tmp_path)

        assert str(error.value) == (
            "The layout `vertex` does not support workflows: `pipe.war`; use the layout `flat`"
        )
