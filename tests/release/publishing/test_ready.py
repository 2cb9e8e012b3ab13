import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from hatch_mar.archive.formats.format import FORMATS, WORKFLOW
from hatch_mar.archive.formats.mar import write
from hatch_mar.build.plan import Planned
from hatch_mar.errors import ReadError
from hatch_mar.project.config.models import ArchiveConfig, WorkflowConfig
from hatch_mar.release.publishing.ready import Ready
from tests.archives import INSTANT, PACKING, archive_of


def archive(path: Path, manifest: Any, folder: str = "MAR-INF") -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{folder}/MANIFEST.json", json.dumps(manifest))
    return path


class TestOfProject:
    def test_archive(self):
        """A project's archive has the name and the version of its model."""
        config = ArchiveConfig("digits", "1.0", "handler.py", archive_format="tgz")
        planned = Planned(config, archive_of({}), Path("dist/digits.tar.gz"), INSTANT)

        assert Ready.of_project(planned) == (Path("dist/digits.tar.gz"), "digits", "1.0", FORMATS["tgz"])

    def test_workflow(self):
        """A workflow has a name only."""
        planned = Planned(WorkflowConfig("dogs", "dogs.yaml"), archive_of({}), Path("dogs.war"), INSTANT)

        assert Ready.of_project(planned) == (Path("dogs.war"), "dogs", None, WORKFLOW)


class TestOfFile:
    def test_model(self, tmp_path: Path):
        """A file is named by its manifest."""
        path = archive(tmp_path / "x.mar", {"model": {"modelName": "digits", "modelVersion": "2.0"}})

        assert Ready.of_file(path) == (path, "digits", "2.0", FORMATS["default"])

    def test_no_version(self, tmp_path: Path):
        """Other tools' archives may have no version."""
        path = tmp_path / "x.mar"
        write(archive_of({}), path, PACKING)

        assert Ready.of_file(path).version is None

    def test_workflow(self, tmp_path: Path):
        """A workflow's manifest is elsewhere."""
        path = archive(tmp_path / "x.war", {"workflow": {"workflowName": "dogs"}}, "WAR-INF")

        assert Ready.of_file(path) == (path, "dogs", None, WORKFLOW)

    @pytest.mark.parametrize(
        "model", [{"modelName": "../digits"}, {}, {"modelName": "digits", "modelVersion": 1}]
    )
    def test_invalid(self, tmp_path: Path, model: dict[str, Any]):
        """What becomes part of a path is not taken from a manifest unseen."""
        path = archive(tmp_path / "x.mar", {"model": model})

        with pytest.raises(
            ReadError, match=r"^Cannot publish `.*x.mar`: a name or version in its manifest must"
        ):
            Ready.of_file(path)

    def test_no_archive(self, tmp_path: Path):
        """A file that is not an archive is refused."""
        (tmp_path / "x.mar").write_bytes(b"no")

        with pytest.raises(ReadError):
            Ready.of_file(tmp_path / "x.mar")
