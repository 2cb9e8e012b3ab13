"""Every frontend delivers the archives where it delivers the wheel, or makes none at all.

The commands are those of `frontends.py`, and are named as there.
"""

from __future__ import annotations

import os
import shlex
import tarfile

import pytest

from tests.e2e.conftest import ARCHIVES, HOOK, MODELS, SDIST, WHEEL, Project
from tests.e2e.delivery import MARS, NO_WEIGHTS, assert_delivered, lines_of, listing
from tests.e2e.frontends import CHECKING, CLEANING, DISCARDING, OF_SDIST, TARGET, WRITING

BESIDE = {"sdist": SDIST, "wheel": WHEEL}
NOT_BUILT = "Archives not built: "
CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"

LOGGING = {"PIP_VERBOSE": "1", "RUST_LOG": "uv=debug"}
"""Makes pip and uv show what a build hook says, also where another program runs them."""

INSTALLED = """\
[project.scripts]
reader = "reader.handler:handle"
[tool.hatch.envs.default]
dev-mode = false
installer = "uv"
"""
TOX = """\
[tox]
env_list = sdist, wheel
[testenv]
commands = python -c "import reader.handler"
[testenv:wheel]
package = wheel
"""
NOX = """\
import nox

def install(session):
    session.install(".")
    session.run("python", "-c", "import reader.handler")

nox.session(install, name="pip", venv_backend="virtualenv")
nox.session(install, name="uv", venv_backend="uv")
"""


def words_of(command: str, **variables: str) -> list[str]:
    return [variables.get(word, word) for word in shlex.split(command)]


class TestWriting:
    @pytest.mark.parametrize("command", WRITING)
    def test_default(self, project: Project, command: str) -> None:
        """The archives are next to the sdist and the wheel, and shown as written once, or after each `-c`."""
        directory, *beside = WRITING[command]

        output = project.run(*words_of(command))

        assert_delivered(project, project.root / directory, *(BESIDE[kind] for kind in beside))
        shown = [line for line in lines_of(output, MARS) if "(unchanged)" not in line]
        assert shown == [os.path.join(directory, mar) for mar in MARS] * (2 if command.endswith("-c") else 1)
        assert NOT_BUILT not in output

    @pytest.mark.parametrize("command", ["hatch build", "python -m build", "uv build"])
    def test_below_a_tag(self, project: Project, command: str) -> None:
        """A project that lies in a folder marked as a cache delivers them all the same."""
        (project.root.parent / "CACHEDIR.TAG").write_text(CACHE_TAG)

        project.run(*words_of(command))

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)

    @pytest.mark.parametrize("command", ["python -m build -o target/wheels", "hatch build target/wheels"])
    def test_into_a_cache(self, project: Project, command: str) -> None:
        """Into a cache in the project, such as cargo's `target`, none are written; a line says so."""
        (project.root / "target").mkdir()
        tag = project.root / "target/CACHEDIR.TAG"
        tag.write_text(CACHE_TAG)

        output = project.run(*words_of(command))

        assert listing(project.root / "target/wheels") == {SDIST, WHEEL}
        assert project.archives() == set()
        reason = f"`{tag.parent / 'wheels'}` is in a cache, which `{tag}` marks"
        assert f"{NOT_BUILT}{reason}; build into another directory to keep them" in output

    @pytest.mark.parametrize("command", ["python -m build", "uv build"])
    def test_clean(self, project: Project, command: str) -> None:
        """hatchling's own switches that clean, before a build and after it, do not lose them."""
        project.run(*words_of(command), HATCH_BUILD_CLEAN="1", HATCH_BUILD_CLEAN_HOOKS_AFTER="1")

        assert_delivered(project, project.root / "dist", SDIST, WHEEL)


class TestTarget:
    @pytest.mark.parametrize("command", TARGET)
    def test_written(self, project: Project, command: str) -> None:
        """The archives are written once, though the hook is on as well; nothing else is built."""
        models = MODELS if TARGET[command] == "all" else ("letters",)

        output = project.run(*words_of(command.replace("NAME", "letters")))

        assert_delivered(project, project.root / "dist", models=models)
        assert lines_of(output, MARS) == [os.path.join("dist", f"{model}.mar") for model in models]


class TestChecking:
    @pytest.mark.parametrize("command", CHECKING)
    def test_nothing_written(self, project: Project, command: str) -> None:
        """Nothing is built; what is wrong with an archive is said all the same."""
        output = project.run(*words_of(command))

        assert listing(project.root / "dist") == set()
        assert project.archives() == set()
        assert lines_of(output, MARS) == []

        project.lose_weights()
        assert lines_of(project.run(*words_of(command), status=1), ("tool.mar",)) == NO_WEIGHTS


class TestCleaning:
    @pytest.mark.parametrize("command", CLEANING)
    def test_removed(self, project: Project, command: str) -> None:
        """The project's archives are removed, weights or not, and no archive of another."""
        project.run("hatch", "build")
        project.lose_weights()
        (project.root / "dist/other.mar").write_bytes(b"another's")

        project.run(*words_of(command))

        assert listing(project.root / "dist") == {"other.mar"}


class TestDiscarding:
    @pytest.fixture
    def installed(self, project: Project) -> Project:
        """A project that can be installed in every way, one of whose archives has an `export-path`."""
        project.configure(HOOK + INSTALLED, ARCHIVES + 'export-path = "store"\n')
        (project.root / "tox.ini").write_text(TOX)
        (project.root / "noxfile.py").write_text(NOX)
        return project

    @pytest.mark.parametrize("command", DISCARDING)
    @pytest.mark.parametrize("weights", [True, False], ids=["weights", "no weights"])
    def test_nothing_written(self, installed: Project, command: str, *, weights: bool) -> None:
        """No archive is written, not even to be thrown away, and missing weights do not matter."""
        if not weights:
            installed.lose_weights()
        tools = installed.root / "tools"
        variables = {"UV_TOOL_DIR": str(tools), "UV_TOOL_BIN_DIR": str(tools / "bin")}
        if command == "cibuildwheel":
            variables["CIBUILDWHEEL"] = "1"

        log = installed.run(*words_of(DISCARDING[command]), **LOGGING, **variables)

        assert installed.archives() == set()
        assert lines_of(log, MARS) == []  # where the log of a build that writes archives has their paths
        assert NOT_BUILT in log


class TestOfSdist:
    @pytest.mark.parametrize("command", OF_SDIST)
    def test_nothing_written(self, project: Project, command: str) -> None:
        """The project's sdist, which lacks the weights, installs for everyone; no archive is written."""
        project.run("hatch", "build", "-t", "sdist")

        log = project.run(*words_of(OF_SDIST[command], SDIST=f"dist/{SDIST}"), **LOGGING)

        assert_delivered(project, project.root / "dist", SDIST)
        assert lines_of(log, MARS) == []
        assert NOT_BUILT in log

    def test_unpacked(self, project: Project) -> None:
        """A build in the unpacked sdist writes none either."""
        project.run("hatch", "build", "-t", "sdist", HATCH_MAR_SKIP="1")
        with tarfile.open(project.root / "dist" / SDIST) as sdist:
            sdist.extractall(project.root.parent, filter="data")

        output = project.run("python", "-m", "build", "-w", "../reader-1.0")

        assert listing(project.root.parent / "reader-1.0/dist") == {WHEEL}
        assert project.archives() == set()
        assert f"{NOT_BUILT}this is an unpacked sdist" in output


class TestExportPath:
    @pytest.fixture
    def exporting(self, project: Project) -> Project:
        project.configure(mar=ARCHIVES.replace("[tool.mar]\n", '[tool.mar]\nexport-path = "models"\n', 1))
        return project

    @pytest.mark.parametrize(
        "frontend",
        [("hatch", "build"), ("hatch", "build", "-c"), ("python", "-m", "build"), ("uv", "build")],
        ids=["hatch", "hatch-clean", "build", "uv"],
    )
    def test_export_path(self, exporting: Project, frontend: tuple[str, ...]) -> None:
        """Every frontend writes the archives to the project's export path, not next to the wheel."""
        exporting.run(*frontend)

        assert_delivered(exporting, exporting.root / "models")
        assert listing(exporting.root / "dist") == {SDIST, WHEEL}

    def test_location(self, exporting: Project) -> None:
        """A build directory on the command line moves the wheel, not the archives."""
        exporting.run("hatch", "build", "out")

        assert_delivered(exporting, exporting.root / "models")
        assert listing(exporting.root / "out") == {SDIST, WHEEL}

    def test_mar_target(self, exporting: Project) -> None:
        """`-t mar` writes there too, and prints where."""
        output = exporting.run("hatch", "build", "-t", "mar")

        assert_delivered(exporting, exporting.root / "models")
        assert lines_of(output, MARS) == [os.path.join("models", mar) for mar in MARS]

    def test_clean(self, exporting: Project) -> None:
        """`hatch clean` removes the archives there."""
        exporting.run("hatch", "build")

        exporting.run("hatch", "clean")

        assert exporting.archives() == set()

    def test_editable(self, exporting: Project) -> None:
        """An editable installation, which builds no archive, removes none either."""
        exporting.run("hatch", "build")

        exporting.run(
            *("uv", "pip", "install", "--no-deps", "--target", "site", "-e", "."),
            HATCH_BUILD_CLEAN="1",
            HATCH_BUILD_CLEAN_HOOKS_AFTER="1",
        )

        assert_delivered(exporting, exporting.root / "models")
