"""Environment variables that switch archives off and on."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import HOOK, SDIST, WHEEL, Project
from tests.e2e.delivery import assert_delivered, contents, listing


class TestSkip:
    @pytest.mark.parametrize("command", ["hatch build", "python -m build -w"])
    def test_on(self, project: Project, command: str) -> None:
        """`HATCH_MAR_SKIP=1` leaves the archives out, and a line says why; weights are not needed."""
        project.lose_weights()

        output = project.run(*command.split(), HATCH_MAR_SKIP="1")

        assert WHEEL in listing(project.root / "dist")
        assert project.archives() == set()
        assert "Archives not built: `HATCH_MAR_SKIP` is set" in output

    @pytest.mark.parametrize(
        ("value", "command"),
        [("", "hatch build -t wheel"), ("0", "python -m build -w"), ("false", "uv build --wheel")],
    )
    def test_off(self, project: Project, value: str, command: str) -> None:
        """Empty, `0` and `false` leave nothing out."""
        project.run(*command.split(), HATCH_MAR_SKIP=value)

        assert_delivered(project, project.root / "dist", WHEEL)


class TestRequire:
    @pytest.mark.parametrize("command", ["hatch build", "python -m build", "uv build"])
    def test_kept(self, project: Project, command: str) -> None:
        """With `HATCH_MAR_REQUIRE=1`, a build that writes the archives is as without."""
        project.run(*command.split(), HATCH_MAR_REQUIRE="1")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    @pytest.mark.parametrize(
        ("command", "status", "reason", "variables"),
        [
            ("python -m pip wheel --no-deps .", 1, "pip keeps only the wheel", {}),
            ("uv pip install --no-deps --target site .", 1, "is in a cache, which `", {}),
            ("python -m build -w", 1, "cibuildwheel keeps only the wheel", {"CIBUILDWHEEL": "1"}),
            ("uv build --wheel", 2, "`HATCH_MAR_SKIP` is set", {"HATCH_MAR_SKIP": "1"}),
        ],
        ids=["pip", "uv", "cibuildwheel", "skip"],
    )
    def test_left_out(
        self, project: Project, command: str, status: int, reason: str, variables: dict[str, str]
    ) -> None:
        """A build that would leave them out fails, and one line says why; no wheel is made."""
        output = project.run(*command.split(), status=status, HATCH_MAR_REQUIRE="1", **variables)

        said = " ".join(output.split())  # uv breaks lines
        assert said.count("Archives would not be built, but `HATCH_MAR_REQUIRE` is set: ") == 1
        assert reason in said
        assert "Traceback" not in output
        assert [*project.root.rglob("*.whl")] == []


class TestOfHatchling:
    """hatchling's own switches of a hook hold for this one."""

    def test_no_hooks(self, project: Project) -> None:
        """`HATCH_BUILD_NO_HOOKS` gives the same sdist and the same wheel without the archives."""
        project.run("hatch", "build")
        made = contents(project.root / "dist")
        project.run("hatch", "clean")
        project.lose_weights()

        project.run("hatch", "build", HATCH_BUILD_NO_HOOKS="true")

        assert contents(project.root / "dist") == {name: made[name] for name in (SDIST, WHEEL)}

    def test_no_hooks_for_python_build(self, project: Project) -> None:
        """Other frontends follow it too."""
        project.lose_weights()

        project.run("python", "-m", "build", HATCH_BUILD_NO_HOOKS="1")

        assert listing(project.root / "dist") == {SDIST, WHEEL}

    def test_off_by_default(self, project: Project) -> None:
        """With `enable-by-default = false` a build makes archives only when told to."""
        project.configure(hatch=HOOK + "enable-by-default = false\n")

        project.run("hatch", "build", "-t", "wheel")
        assert project.archives() == set()

        project.run("hatch", "build", "-t", "wheel", HATCH_BUILD_HOOK_ENABLE_MAR="true")
        assert_delivered(project, project.root / "dist", WHEEL)

    def test_hook_dependency(self, project: Project, plugin_uri: str) -> None:
        """hatchling's own options of a hook, such as `dependencies`, may stand in its table."""
        project.configure(hatch=HOOK + f'dependencies = ["{plugin_uri}"]\n')

        project.run("hatch", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
