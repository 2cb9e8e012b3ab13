"""What other build hooks make is in the archive, or the build says that it is not."""

from __future__ import annotations

import random
from zipfile import ZipFile

import pytest

from tests.e2e.conftest import HOOK, Project, require
from tests.e2e.delivery import lines_of

GLOBAL = "[tool.hatch.build.hooks.custom]\n"
OF_WHEEL = "[tool.hatch.build.targets.wheel.hooks.custom]\n"

WITH_PROJECT = '[tool.mar]\nmodel-name = "digits"\nhandler = "reader.handler"\ninclude-project = true\n'
WITH_WEIGHTS = """\
[tool.mar]
model-name = "digits"
handler = "reader/handler.py"
serialized-file = "weights/digits.pt"
"""

CUSTOM = """\
from pathlib import Path
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class CustomBuildHook(BuildHookInterface):
    def initialize(self, version, build_data):
        file = Path(self.root, "{file}")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(Path(self.root, "made").read_bytes())
        build_data["artifacts"].append("{file}")
"""
NEW = random.Random("new").randbytes(100_000)

ADVICE = "build the wheel in the project itself, as `hatch build` and `python -m build --wheel` do"
TOO_LATE = "Warning: `digits.mar` was made before build hooks had made `{}` for the wheel; " + ADVICE


def add_custom_hook(project: Project, tables: str, mar: str, file: str, data: bytes) -> None:
    """Enable a hook that writes a file, which git ignores."""
    project.configure(tables, mar)
    (project.root / "hatch_build.py").write_text(CUSTOM.format(file=file))
    (project.root / "made").write_bytes(data)
    with (project.root / ".gitignore").open("a") as ignored:
        ignored.write(f"/{file}\n")


def members(project: Project) -> dict[str, bytes]:
    with ZipFile(project.root / "dist/digits.mar") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class TestModule:
    """An archive with `include-project`, and a hook that adds a module to the wheel."""

    def add_hook(self, project: Project, tables: str) -> None:
        add_custom_hook(project, tables, WITH_PROJECT, "reader/fast.py", b"FAST = 1\n")

    @pytest.mark.parametrize("command", ["hatch build", "hatch build -t wheel"])
    @pytest.mark.parametrize(
        "tables",
        [GLOBAL + HOOK, HOOK + GLOBAL, OF_WHEEL + HOOK, HOOK + OF_WHEEL],
        ids=["global before", "global after", "wheel before", "wheel after"],
    )
    def test_built_in_the_project(self, project: Project, command: str, tables: str) -> None:
        """The archive has it, wherever the hooks' tables stand, and there is nothing to warn of."""
        self.add_hook(project, tables)

        output = project.run(*command.split())

        assert members(project)["reader/fast.py"] == b"FAST = 1\n"
        assert "Warning" not in output

    @pytest.mark.parametrize("command", ["python -m build", "uv build"])
    def test_of_all_targets(self, project: Project, command: str) -> None:
        """If the wheel is built from the sdist, the hook has also run for the sdist."""
        self.add_hook(project, HOOK + GLOBAL)

        output = project.run(*command.split())

        assert members(project)["reader/fast.py"] == b"FAST = 1\n"
        assert "Warning" not in output

    @pytest.mark.parametrize("command", ["python -m build", "uv build"])
    def test_of_the_wheel(self, project: Project, command: str) -> None:
        """A hook that is for the wheel alone runs too late, which both of the two builds say."""
        self.add_hook(project, HOOK + OF_WHEEL)

        output = project.run(*command.split())

        assert "reader/fast.py" not in members(project)
        assert lines_of(output, ("Warning",)) == [
            f"Warning: Nothing that the hook `custom` adds to the wheel is in `digits.mar`; {ADVICE}",
            TOO_LATE.format("reader/fast.py"),
        ]

    def test_advice(self, project: Project) -> None:
        """What those two advise helps."""
        self.add_hook(project, HOOK + OF_WHEEL)

        project.run("python", "-m", "build", "--wheel")

        assert "reader/fast.py" in members(project)


class TestWeights:
    """A hook that writes the weights."""

    def add_hook(self, project: Project, tables: str, *, old: bool) -> None:
        add_custom_hook(project, tables, WITH_WEIGHTS, "weights/digits.pt", NEW)
        if not old:
            project.lose_weights()

    @pytest.mark.parametrize("old", [True, False], ids=["old weights", "no weights"])
    @pytest.mark.parametrize("tables", [OF_WHEEL + HOOK, HOOK + GLOBAL], ids=["wheel", "global"])
    def test_written(self, project: Project, tables: str, *, old: bool) -> None:
        """The archive has the weights that the hook wrote, whatever was there before."""
        self.add_hook(project, tables, old=old)

        output = project.run("hatch", "build", "-t", "wheel")

        assert members(project)["digits.pt"] == NEW
        assert "Warning" not in output

    def test_too_late(self, project: Project) -> None:
        """With the sdist, older ones were packed, and the wheel's build says so."""
        self.add_hook(project, HOOK + OF_WHEEL, old=True)

        output = project.run("python", "-m", "build")

        assert members(project)["digits.pt"] != NEW
        assert lines_of(output, ("Warning",)) == [
            f"Warning: `digits.mar` was made before build hooks had made `digits.pt` for the wheel; {ADVICE}"
        ]


class TestMypyc:
    def test_extension_modules(self, project: Project) -> None:
        """The archive has the extension modules that hatch-mypyc compiles for the wheel."""
        require("cc")
        table = '[tool.hatch.build.targets.wheel.hooks.mypyc]\ndependencies = ["hatch-mypyc"]\n'
        project.configure(HOOK + table + 'include = ["/reader/fast.py"]\n', WITH_PROJECT)
        (project.root / "reader/fast.py").write_text("def double(x: int) -> int:\n    return 2 * x\n")

        project.run("hatch", "build", "-t", "wheel")

        [wheel] = (project.root / "dist").glob("*.whl")
        with ZipFile(wheel) as file:
            compiled = {name: file.read(name) for name in file.namelist() if name.startswith("reader/fast")}
        assert [name for name in compiled if not name.endswith(".py")] != []
        assert compiled.items() <= members(project).items()
