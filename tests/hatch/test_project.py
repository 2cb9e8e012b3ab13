from __future__ import annotations

import pytest
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.hatch.project import HatchProject
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
