from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatch_mar.errors import LayoutError
from hatch_mar.finding import Place
from hatch_mar.project.requirements import resolve_requirements
from tests.archives import SomeProject

PLACE = Place("pyproject.toml", None, ("tool", "mar", "requirements-from"))
ORIGIN = "Field `tool.mar.requirements-from`"


def found(*sources: str, groups: object = None, **project: Any) -> list[str]:
    pyproject = {} if groups is None else {"dependency-groups": groups}
    return resolve_requirements(sources, SomeProject(Path(), pyproject, **project), PLACE)


class TestDependencies:
    def test_order(self):
        """The requirements are sorted, whatever their order in the project."""
        assert found("dependencies", requires=("torch>=2", "numpy")) == ["numpy", "torch>=2"]

    def test_none(self):
        """A project may have no dependencies."""
        assert found("dependencies") == []

    def test_each_once(self):
        """A requirement of several sources is listed once, however it is spelled."""
        extras = {"a": ["numpy", "torch"], "b": ["Torch", "pillow"]}
        sources = ("optional-dependencies.a", "optional-dependencies.b")

        assert found(*sources, extras=extras) == ["numpy", "pillow", "torch"]

    def test_marker(self):
        """A marker is kept, to be evaluated on the server."""
        requires = ('torch; sys_platform == "linux"',)

        assert list(requires) == found("dependencies", requires=requires)

    def test_malformed(self):
        """An invalid requirement is an error that names the source."""
        with pytest.raises(LayoutError, match=rf"^{ORIGIN}: `dependencies` cannot be read: ."):
            found("dependencies", requires=("torch >> 2",))


class TestOptionalDependencies:
    @pytest.mark.parametrize("source", ["optional-dependencies.gpu-x", "optional-dependencies.GPU_X"])
    def test_name(self, source: str):
        """An extra is found by any spelling of its name."""
        assert found(source, extras={"gpu_x": ["cuda"]}) == ["cuda"]

    def test_unknown(self):
        """An extra that the project does not have is an error that lists those it has."""
        with pytest.raises(LayoutError) as error:
            found("optional-dependencies.cpu", extras={"gpu": [], "dev": []})

        expected = (
            f"{ORIGIN}: the project has no `optional-dependencies.cpu`;"
            " it has `optional-dependencies.gpu`, `optional-dependencies.dev`"
        )
        assert str(error.value) == f"{expected} [MAR026]"

    def test_none(self):
        """If the project has no extras, the error lists none."""
        with pytest.raises(LayoutError) as error:
            found("optional-dependencies.gpu")

        assert str(error.value) == f"{ORIGIN}: the project has no `optional-dependencies.gpu` [MAR026]"


class TestSelf:
    def test_extra(self):
        """A requirement on the project itself is replaced by its extra and its dependencies."""
        extras = {"all": ["Digits[gpu]", "rich"], "gpu": ["cuda"]}

        assert found("optional-dependencies.all", requires=("torch",), extras=extras) == [
            "cuda",
            "rich",
            "torch",
        ]

    def test_loop(self):
        """Extras that require each other do not loop."""
        extras = {"a": ["digits[b]", "one"], "b": ["digits[a]", "two"]}

        assert set(found("optional-dependencies.a", extras=extras)) == {"one", "two"}

    def test_marker(self):
        """The marker of such a requirement applies to its replacements."""
        extras = {"all": ['digits[gpu]; sys_platform == "linux"'], "gpu": ["cuda"]}

        assert found("optional-dependencies.all", extras=extras) == ['cuda; sys_platform == "linux"']


class TestDependencyGroups:
    @pytest.mark.parametrize("source", ["dependency-groups.serve-it", "dependency-groups.Serve_It"])
    def test_name(self, source: str):
        """A group is found by any spelling of its name."""
        assert found(source, groups={"serve_it": ["torch"]}) == ["torch"]

    def test_included(self):
        """A group may include another (PEP 735)."""
        groups = {"serve": [{"include-group": "base"}, "torch"], "base": ["numpy"]}

        assert found("dependency-groups.serve", groups=groups) == ["numpy", "torch"]

    def test_unknown(self):
        """A group that the project does not have is an error that lists those it has."""
        with pytest.raises(LayoutError) as error:
            found("dependency-groups.serving", groups={"serve": []})

        expected = (
            f"{ORIGIN}: the project has no `dependency-groups.serving`; it has `dependency-groups.serve`"
        )
        assert str(error.value) == f"{expected} [MAR026]"

    @pytest.mark.parametrize(
        "groups",
        [
            {"serve": [{"include-group": "serve"}]},
            {"serve": [{"include-group": "missing"}]},
            {"serve": ["torch >> 2"]},
            {"serve": [{"unknown": "x"}]},
            {"serve": "torch"},
            ["serve"],
        ],
        ids=["cycle", "missing", "malformed", "unknown", "no array", "no table"],
    )
    def test_malformed(self, groups: object):
        """A group that cannot be read is an error, not a traceback."""
        with pytest.raises(LayoutError, match=rf"^{ORIGIN}: `dependency-groups"):
            found("dependency-groups.serve", groups=groups)
