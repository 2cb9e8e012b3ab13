from __future__ import annotations

from pathlib import Path

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import LAYOUTS
from hatch_mar.release.publishing.layouts import is_release, load_layout, make_uploads, refuse_others
from hatch_mar.release.publishing.ready import Upload
from tests.release.publishing.layouts.models import make_ready

SOURCE = Path("digits.mar")


@pytest.mark.parametrize("name", LAYOUTS)
def test_names(name: str):
    """There is a layout for each name that `[tool.mar.publish]` accepts."""
    layout = load_layout(name)

    assert callable(layout.make_uploads)
    assert layout.OWN_FOLDER in (None, "", "model-store")


class TestMakeUploads:
    def test_layout(self, tmp_path: Path):
        """The layout of that name makes the files."""
        ready = make_ready(tmp_path)

        assert make_uploads("vertex", [ready], tmp_path) == [Upload("model.mar", ready.path)]

    @pytest.mark.parametrize(
        ("layout", "name"), [("flat", "digits-1.0.mar"), ("kserve", "model-store/digits.mar")]
    )
    def test_twice(self, tmp_path: Path, layout: str, name: str):
        """Two archives of one model and version do not replace each other."""
        archives = [make_ready(tmp_path, file=file) for file in ("one", "other")]

        with pytest.raises(ReleaseError) as error:
            make_uploads(layout, archives, tmp_path)

        assert str(error.value) == (
            f"`{tmp_path / 'one.mar'}` and `{tmp_path / 'other.mar'}` would both be published as `{name}`;"
            " publish only one of them, or each to its own folder"
        )


class TestRefuseOthers:
    def test_own(self):
        """What is published again is not in its own way."""
        refuse_others(
            "kserve", [Upload("model-store/digits.mar", SOURCE)], {"model-store": ["digits.mar"]}.get
        )
        refuse_others("vertex", [Upload("model.mar", SOURCE)], {"": ["model.mar"]}.get)

    @pytest.mark.parametrize(("layout", "folder"), [("kserve", "model-store/"), ("vertex", "")])
    def test_others(self, layout: str, folder: str):
        """A folder that holds archives of another call is refused, with their names."""
        upload = Upload(f"{folder}model.mar", SOURCE)

        with pytest.raises(ReleaseError) as error:
            refuse_others(
                layout, [upload], lambda _: ["old.mar", "model.mar.sha256", "model.mar", "letters.mar"]
            )

        assert str(error.value) == (
            f"The layout `{layout}` needs a folder of its own, but this one already has"
            " `letters.mar`, `old.mar`; publish all archives of a folder with one command, or publish these"
            " to another folder"
        )

    @pytest.mark.parametrize("layout", ["flat", "sagemaker"])
    def test_shared(self, layout: str):
        """Other layouts share a folder with anything."""
        refuse_others(layout, [Upload("digits-1.0.mar", SOURCE)], lambda _: ["letters-1.0.mar"])


class TestIsRelease:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            *(("x.mar", True), ("a/x.mar", True)),
            *(("x.mar.sha256", False), (".x.mar.1234.part/x.mar", False), ("a/.DS_Store", False)),
            *(("", False), ("a/", False)),  # as stores list folders that were made for themselves
        ],
    )
    def test_names(self, name: str, expected: bool):
        """Sidecars, hidden files and folders do not count."""
        assert is_release(name) == expected
