from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.errors import LayoutError
from hatch_mar.project.config.models import WorkflowConfig
from hatch_mar.project.layout.layout import lay_out
from tests.archives import INSTANT, SomeProject
from tests.project.layout import archive, contents, faults, sources, write


class TestManifest:
    def test_whole(self, project: Path):
        """The manifest has every file by its name in the archive."""
        found = archive(
            project,
            handler="handler.py:handle",
            model_file="model.py",
            serialized_file="weights/model.pth",
            requirements_file="requirements.txt",
            config_file="model-config.yaml",
            runtime="python3",
            version="2",
        ).manifest
        expected = {
            "modelName": "digits",
            "serializedFile": "model.pth",
            "handler": "handler.py:handle",
            "modelFile": "model.py",
            "modelVersion": "2",
            "requirementsFile": "requirements.txt",
            "configFile": "model-config.yaml",
        }

        assert found.model == expected
        assert found.document["runtime"] == "python3"
        assert found.document["createdOn"] == "02/02/2020 00:00:00"

    def test_weights_in_several_files(self, project: Path):
        """It names the first; the others, which patterns may name, are packed beside it."""
        write(project, "m/model.index.json", "m/model-1.bin", "m/model-2.bin", "m/other.bin")

        found = archive(project, serialized_file=("m/model.index.json", "m/model-*.bin"))

        assert found.manifest.model["serializedFile"] == "model.index.json"
        assert [member.name for member in found.members] == ["model-1.bin", "model-2.bin", "model.index.json"]

    def test_least(self, project: Path):
        """An archive with a built-in handler contains only the manifest."""
        found = archive(project)

        expected = {"modelName": "digits", "handler": "base_handler", "modelVersion": "1.0"}

        assert found.members == ()
        assert found.manifest.model == expected


class TestIncludeProject:
    def test_files(self, project: Path):
        """The wheel's files are at the root, as in `site-packages`."""
        wheel = (Member("digits/__init__.py", BytesSource(b"")), Member("run", BytesSource(b""), True))
        found = archive(project, SomeProject(project, wheel=wheel), include_project=True)

        assert found.members == wheel

    def test_clash(self, project: Path):
        """Another file of the same name is an error."""
        wheel = (Member("model.py", BytesSource(b"")),)
        expected = (
            "Field `tool.mar.include-project`: archive member `model.py` comes from the project"
            " and from `model.py` (Field `tool.mar.model-file`); rename one"
        )

        assert faults(
            project, project=SomeProject(project, wheel=wheel), model_file="model.py", include_project=True
        ) == (expected,)

    def test_without_project(self, project: Path):
        """Without a project, it is an error."""
        expected = "Field `tool.mar.include-project` needs a `pyproject.toml`"

        assert faults(project, include_project=True) == (expected,)


class TestRequirements:
    def test_generated(self, project: Path):
        """The requirements are written one per line, and named in the manifest."""
        found = archive(
            project, SomeProject(project, requires=("torch>=2", "numpy")), requirements_from=("dependencies",)
        )

        assert contents(found) == {"requirements.txt": b"numpy\ntorch>=2\n"}
        assert found.manifest.model["requirementsFile"] == "requirements.txt"

    def test_clash(self, project: Path):
        """A file of that name is an error."""
        [found] = faults(
            project,
            project=SomeProject(project, requires=("torch",)),
            requirements_from=("dependencies",),
            extra_files=("requirements.txt",),
        )

        assert found.startswith("Field `tool.mar.requirements-from`: archive member `requirements.txt` ")
        assert found.endswith(" and from `requirements.txt` (Field `tool.mar.extra-files`); rename one")
        assert "`Field `" not in found

    def test_unknown(self, project: Path):
        """An unknown source is reported together with the other faults."""
        found = faults(
            project,
            project=SomeProject(project),
            requirements_from=("optional-dependencies.gpu",),
            model_file="missing.py",
        )

        assert len(found) == 2


class TestModelConfig:
    def test_generated(self, project: Path):
        """An inline configuration is written as YAML in its own order, and named in the manifest."""
        found = archive(project, config={"minWorkers": 1, "handler": {"b": [1, "x"], "a": True}})
        expected = b"minWorkers: 1\nhandler:\n  b:\n  - 1\n  - x\n  a: true\n"

        assert contents(found) == {"model-config.yaml": expected}
        assert found.manifest.model["configFile"] == "model-config.yaml"

    @given(
        st.dictionaries(
            st.text(min_size=1),
            st.recursive(
                st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                lambda children: st.lists(children) | st.dictionaries(st.text(), children),
                max_leaves=5,
            ),
            min_size=1,
            max_size=3,
        )
    )
    def test_round_trip(self, config: dict[str, Any]):
        """The file is ASCII, so that TorchServe reads it in any locale."""
        data = contents(archive(Path(), config=config))["model-config.yaml"]

        assert config == yaml.safe_load(data)
        assert data.isascii()


class TestWorkflow:
    def workflow(self, root: Path, **settings: Any) -> Archive:
        least = {"workflow_name": "dogs", "spec_file": "spec.yaml"}
        return lay_out(WorkflowConfig(**(least | settings)), root, INSTANT)

    def test_whole(self, project: Path):
        """A workflow's files go to the root, and its manifest names them."""
        write(project, "flows/spec.yaml", "flows/steps.py", "assets/a")
        found = self.workflow(
            project, spec_file="flows/spec.yaml", handler="flows/steps.py", extra_files=("assets",)
        )

        assert list(sources(found)) == ["a", "spec.yaml", "steps.py"]
        assert (found.manifest.document["workflow"]) == {
            "workflowName": "dogs",
            "specFile": "spec.yaml",
            "handler": "steps.py",
        }

    def test_missing(self, project: Path):
        """All missing files are reported."""
        with pytest.raises(LayoutError) as error:
            self.workflow(project, handler="steps.py")

        assert error.value.faults == (
            "Field `tool.mar.spec-file`: file not found: `spec.yaml` [MAR021]",
            "Field `tool.mar.handler`: file not found: `steps.py` [MAR021]",
        )


class TestDeterminism:
    def test_order_of_patterns(self, project: Path):
        """An archive does not depend on the order in which its files were named."""
        write(project, "assets/a", "assets/b/c")
        one = archive(project, extra_files=("assets", "model.py", "*.json"))
        other = archive(project, extra_files=("*.json", "model.py", "assets"))

        assert one == other
