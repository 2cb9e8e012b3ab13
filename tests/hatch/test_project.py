from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from hatchling.bridge.app import Application
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.manifest import Manifest
from hatch_mar.build.plan import Planned
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.hatch.project import HatchProject, abort_on_faults, show_warnings
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.config.schema import CLASH
from tests.hatch.conftest import WriteProject


class TestHatchProject:
    def test_metadata(self, write_project: WriteProject):
        """The metadata is hatchling's."""
        root = write_project(more='[project.optional-dependencies]\nserve = ["torchserve"]\n')
        found = HatchProject(root, WheelBuilder(str(root)).metadata)

        assert (found.name(), found.version()) == ("Digits", "1.0")
        assert (found.dependencies(), found.optional_dependencies()) == ([], {"serve": ["torchserve"]})
        assert found.pyproject["tool"]["mar"]["handler"] == "handler.py"

    def test_wheel_files(self, write_project: WriteProject):
        """The wheel's files include those that other hooks add."""
        root = write_project()
        (root / "made.py").write_text("made = 1\n")
        builder = WheelBuilder(str(root))
        data = builder.get_default_build_data()
        data["force_include"] = {str(root / "made.py"): "digits/made.py"}
        data.setdefault("artifacts", [])
        found = HatchProject.of_build(builder, data)

        assert [member.name for member in found.wheel_files()] == ["model.py", "digits/made.py"]

    @pytest.mark.parametrize(("more", "expected"), [("", True), ("reproducible = false\n", False)])
    def test_reproducible(self, write_project: WriteProject, more: str, expected: bool):
        """hatchling's setting decides whether archives have a fixed date."""
        root = write_project(more=f"[tool.hatch.build]\n{more}")
        builder = WheelBuilder(str(root))
        data = {"artifacts": [], "force_include": {}}

        assert HatchProject.of_build(builder, data).reproducible is expected


class TestAbort:
    def test_fault(self, capsys: pytest.CaptureFixture[str]):
        """An error ends the build with its lines, without a traceback."""
        with pytest.raises(SystemExit) as status, abort_on_faults(Application()):
            raise ConfigError("one", "two")

        assert status.value.code == 1
        assert capsys.readouterr().err == "one\ntwo\n"

    def test_file(self, capsys: pytest.CaptureFixture[str]):
        """So does a system's error about a file."""
        with pytest.raises(SystemExit), abort_on_faults(Application()):
            raise PermissionError(13, "Permission denied", "model.py")

        assert capsys.readouterr().err == "Cannot access `model.py`: Permission denied\n"

    def test_defect(self):
        """An unexpected exception keeps its traceback."""
        with pytest.raises(ZeroDivisionError), abort_on_faults(Application()):
            1 / 0  # noqa: B018


class TestShow:
    def test_warnings(self, capsys: pytest.CaptureFixture[str]):
        """A warning that archives share is shown once."""
        finding = CLASH.at(Place("a"), "Two", "rename")
        instant = datetime(2020, 2, 2, tzinfo=timezone.utc)
        planned = [
            Planned(
                ArchiveConfig(name, "1", "h.py"),
                Archive(Manifest({}), ()),
                Path(name),
                instant,
                (finding._replace(archives=(name,)),),
            )
            for name in ("a", "b")
        ]
        show_warnings(planned, Application())

        assert capsys.readouterr().err == "Warning: Two; rename [MAR007]\n"
