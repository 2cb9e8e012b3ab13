from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from hatch_mar.build.plan import load_configs, plan_project
from hatch_mar.hatch.added_files import ADVICE, find_hooks_to_come, find_outdated
from hatch_mar.hatch.project import HatchProject
from tests.hatch.conftest import WriteProject

MAR = '\n[tool.mar]\nhandler = "handler.py"\ninclude-project = true\nexclude = ["left-out.py"]\n'
HOOKS = "[tool.hatch.build.hooks.mar]\n[tool.hatch.build.targets.wheel.hooks.custom]\n"


def build_data(**force_include: str) -> dict[str, Any]:
    return {"artifacts": [], "force_include": force_include, "build_hooks": ("mar",)}


class TestHooksToCome:
    @pytest.fixture
    def project(self, write_project: WriteProject, monkeypatch: pytest.MonkeyPatch) -> HatchProject:
        monkeypatch.setitem(sys.modules, "hatchling.build", sys)
        return self.project_of(write_project(MAR, HOOKS))

    @staticmethod
    def project_of(root: Path) -> HatchProject:
        return HatchProject(root, SdistBuilder(str(root)).metadata)

    @staticmethod
    def found(project: HatchProject, builder=SdistBuilder) -> list[str]:
        made = builder(str(project.root))
        return [*find_hooks_to_come(load_configs(project), made, build_data())]

    def test_wheel_alone(self, project: HatchProject):
        """In the sdist's build, a hook that runs for the wheel alone has not run."""
        line = f"Nothing that the hook `custom` adds to the wheel is in `Digits.mar`; {ADVICE}"

        assert self.found(project) == [line]

    def test_wheel(self, project: HatchProject):
        """In the wheel's own build it has."""
        assert self.found(project, WheelBuilder) == []

    def test_hatch(self, project: HatchProject, monkeypatch: pytest.MonkeyPatch):
        """`hatch build` goes on with the wheel, in the project itself."""
        monkeypatch.delitem(sys.modules, "hatchling.build")

        assert self.found(project) == []

    def test_no_such_hook(self, project: HatchProject, write_project: WriteProject):
        """No other hook, no warning."""
        assert self.found(self.project_of(write_project(MAR, "[tool.hatch.build.hooks.mar]\n"))) == []

    def test_without_the_project(self, project: HatchProject, write_project: WriteProject):
        """An archive without `include-project` has nothing of the wheel."""
        mar = '\n[tool.mar]\nhandler = "handler.py"\n'

        assert self.found(self.project_of(write_project(mar, HOOKS))) == []


class TestOutdated:
    @pytest.fixture
    def root(self, write_project: WriteProject) -> Path:
        """A project whose archive has been built."""
        root = write_project(MAR, HOOKS)
        builder = SdistBuilder(str(root))
        [planned] = plan_project(HatchProject.of_build(builder, build_data()), root / "dist")
        planned.build()
        return root

    @staticmethod
    def found(root: Path, hooks: tuple[str, ...] = ("mar", "custom"), **force_include: str) -> list[str]:
        builder = WheelBuilder(str(root))
        configs = load_configs(HatchProject(root, builder.metadata))
        data = build_data(**force_include) | {"build_hooks": hooks}
        return [*find_outdated(configs, root / "dist", builder, data)]

    def test_nothing(self, root: Path):
        """The archive has all that the wheel has."""
        assert self.found(root) == []

    def test_added(self, root: Path):
        """A hook has added files to the wheel since; the first is named, and the others are counted."""
        (root / "left-out.py").touch()
        added = {str(root / name): f"fast/{name}" for name in ("handler.py", "index_to_name.json")}
        excluded = {str(root / "left-out.py"): "left-out.py"}
        rest = f"for the wheel; {ADVICE}"

        assert self.found(root, **excluded) == []
        assert self.found(root, **{str(root / "handler.py"): "a.py"}) == [
            f"`Digits.mar` was made before build hooks had made `a.py` {rest}"
        ]
        assert self.found(root, **added) == [
            f"`Digits.mar` was made before build hooks had made `fast/handler.py` and 1 other file {rest}",
        ]

    def test_changed(self, root: Path):
        """A hook has written a file anew, of the same length."""
        handler = root / "handler.py"
        handler.write_bytes(handler.read_bytes().swapcase())

        assert self.found(root) == [
            f"`Digits.mar` was made before build hooks had made `handler.py` for the wheel; {ADVICE}"
        ]

    def test_missing(self, root: Path):
        """What the sdist lacks, as it often does, is not what a hook has made."""
        (root / "handler.py").unlink()

        assert self.found(root) == []

    def test_no_other_hook(self, root: Path):
        """Without another hook nothing can have been made, and nothing is read."""
        (root / "handler.py").write_text("changed")

        assert self.found(root, hooks=("mar",)) == []
