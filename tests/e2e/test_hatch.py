"""The archives of projects whose settings, and of commands whose options, are hatch's own."""

from __future__ import annotations

import os
import tarfile

import pytest

from tests.e2e.conftest import HOOK, SDIST, WHEEL, Project
from tests.e2e.delivery import MARS, assert_delivered, in_dist, lines_of, listing

WHEEL_HOOK = "[tool.hatch.build.targets.wheel.hooks.mar]\n"
NOT_FOR_SDISTS = (
    "Archives not built: sdists are built without the hook, and this wheel is built from one;"
    " declare the hook for all targets, as `[tool.hatch.build.hooks.mar]`"
)


class TestHatchBuild:
    def test_default(self, project: Project) -> None:
        """The archives stand beside sdist and wheel, printed as these are; the second pass keeps them."""
        output = project.run("hatch", "build")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, (*MARS, SDIST, WHEEL)) == [
            *in_dist(*MARS, SDIST),
            *(f"{path} (unchanged)" for path in in_dist(*MARS)),
            *in_dist(WHEEL),
        ]

    def test_again(self, project: Project) -> None:
        """A later build writes the archive whose weights changed, and says that the other did not."""
        project.run("hatch", "build")
        kept = (project.root / "dist/letters.mar").stat()
        project.weights("digits").write_bytes(b"trained again")

        output = project.run("hatch", "build", "--target", "wheel")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == [
            os.path.join("dist", "digits.mar"),
            os.path.join("dist", "letters.mar (unchanged)"),
        ]
        assert (project.root / "dist/letters.mar").stat().st_mtime_ns == kept.st_mtime_ns

    def test_location_outside(self, project: Project) -> None:
        """Archives in a folder outside the project are printed with their full paths."""
        out = project.root.parent / "out"

        output = project.run("hatch", "build", out)

        assert_delivered(project, out, SDIST, WHEEL)
        assert lines_of(output, MARS)[0] == str(out / "digits.mar")

    def test_location_variable(self, project: Project) -> None:
        """The folder in `HATCH_BUILD_LOCATION` gets the archives."""
        project.run("hatch", "build", HATCH_BUILD_LOCATION="out")

        assert_delivered(project, project.root / "out", SDIST, WHEEL)

    def test_directory_setting(self, project: Project) -> None:
        """The folder that the project sets gets the archives."""
        project.configure(hatch='[tool.hatch.build]\ndirectory = "built"\n' + HOOK)

        project.run("hatch", "build")

        assert_delivered(project, project.root / "built", SDIST, WHEEL)

    def test_clean(self, project: Project) -> None:
        """With `-c`, which cleans before either pass, the archives are there in the end."""
        project.run("hatch", "build")
        (project.root / "dist/other.mar").write_bytes(b"another's")

        project.run("hatch", "build", "-c")

        (project.root / "dist/other.mar").unlink()
        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    def test_sdist(self, project: Project) -> None:
        """`-t sdist` writes the archives; the sdist itself has neither archives nor weights."""
        output = project.run("hatch", "build", "-t", "sdist")

        assert_delivered(project, project.root / "dist", SDIST)
        assert lines_of(output, MARS) == in_dist(*MARS)
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            assert {name.removeprefix("reader-1.0/") for name in sdist.getnames()} == {
                *("PKG-INFO", "pyproject.toml", ".gitignore", "reader/__init__.py", "reader/handler.py"),
            }


class TestMarTarget:
    def test_one(self, project: Project) -> None:
        """`-t mar:NAME` makes the archive of that name; what another lacks does not matter."""
        project.weights("digits").unlink()

        output = project.run("hatch", "build", "-t", "mar:letters")

        assert_delivered(project, project.root / "dist", models=("letters",))
        assert lines_of(output, MARS) == in_dist("letters.mar")

    def test_unknown_name(self, project: Project) -> None:
        """An unknown name is one line, not a traceback, and nothing is made."""
        output = project.run("hatch", "build", "-t", "mar:numbers", status=1)

        assert "Unknown archive `numbers`; the project has `digits`, `letters`" in output
        assert "Traceback" not in output
        assert project.archives() == set()

    def test_no_hatch_table(self, project: Project) -> None:
        """`-t mar` needs the plugin in `build-system.requires`, and no table of hatch's."""
        project.configure(hatch="")

        project.run("hatch", "build", "-t", "mar")

        assert_delivered(project, project.root / "dist")

    def test_location(self, project: Project) -> None:
        """The folder on the command line holds for this target too."""
        project.run("hatch", "build", "-t", "mar", "out")

        assert_delivered(project, project.root / "out")

    def test_clean(self, project: Project) -> None:
        """With `-c` the old archives go first; other files stay."""
        project.run("hatch", "build")

        project.run("hatch", "build", "-t", "mar", "-c")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    def test_clean_one(self, project: Project) -> None:
        """`-t mar:NAME -c` leaves the other archives alone."""
        project.run("hatch", "build", "-t", "mar")
        project.weights("digits").unlink()
        old = (project.root / "dist/digits.mar").read_bytes()

        project.run("hatch", "build", "-t", "mar:letters", "-c")

        assert listing(project.root / "dist") == set(MARS)
        assert (project.root / "dist/digits.mar").read_bytes() == old


@pytest.fixture
def wheel_only(project: Project) -> Project:
    """A project that switches the hook on for its wheel alone."""
    project.configure(hatch=WHEEL_HOOK)
    return project


class TestScopedToTheWheel:
    @pytest.mark.parametrize("frontend", [("python", "-m", "build"), ("uv", "build")], ids=["build", "uv"])
    def test_from_sdist(self, wheel_only: Project, frontend: tuple[str, ...]) -> None:
        """A wheel made from the sdist brings no archive: a warning says so, and what to do."""
        output = wheel_only.run(*frontend)

        assert listing(wheel_only.root / "dist") == {SDIST, WHEEL}
        assert wheel_only.archives() == set()
        assert NOT_FOR_SDISTS in output

    def test_from_tree(self, wheel_only: Project) -> None:
        """`hatch build` makes the archives in the wheel's pass alone."""
        output = wheel_only.run("hatch", "build")

        assert_delivered(wheel_only, wheel_only.root / "dist", SDIST, WHEEL)
        assert lines_of(output, MARS) == in_dist(*MARS)

    def test_old_archives(self, wheel_only: Project) -> None:
        """Archives of an earlier build do not silence the warning: they need not be today's."""
        wheel_only.run("hatch", "build")
        wheel_only.weights("digits").write_bytes(b"trained again")

        output = wheel_only.run("python", "-m", "build")

        assert NOT_FOR_SDISTS in output
