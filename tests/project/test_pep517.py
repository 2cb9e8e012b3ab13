from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path

import pytest

from hatch_mar.archive.formats.reader import read
from hatch_mar.errors import ConfigError
from hatch_mar.project.pyproject import PyProject

pytestmark = pytest.mark.skipif(importlib.util.find_spec("build") is None, reason="needs the module `build`")

BACKEND = """
import json
import os
import sys
import zipfile

METADATA = "Metadata-Version: 2.1\\nName: Digits\\nVersion: 2.0\\nRequires-Dist: torch\\n"
INFO = "digits-2.0.dist-info"

# what the tests want to know of the process that the backend runs in
with open(os.path.join(os.path.dirname(__file__), "seen.json"), "w") as file:
    switches = {name: value for name, value in os.environ.items() if name.startswith("HATCH_MAR_")}
    json.dump({"prefix": sys.prefix, "switches": switches}, file)


def get_requires_for_build_wheel(settings=None):
    return REQUIRES


def prepare_metadata_for_build_wheel(directory, settings=None):
    os.mkdir(os.path.join(directory, INFO))
    with open(os.path.join(directory, INFO, "METADATA"), "w") as file:
        file.write(METADATA)
    return INFO


def build_wheel(directory, settings=None, metadata=None):
    name = "digits-2.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as file:
        file.writestr("digits/__init__.py", "version = 2")
        file.writestr("digits-2.0.data/scripts/run", "")
        file.writestr(f"{INFO}/METADATA", METADATA)
    return name
"""
FAILING = """
def prepare_metadata_for_build_wheel(directory, settings=None):
    raise RuntimeError("no version in sight")


def build_wheel(directory, settings=None, metadata=None):
    raise RuntimeError("no version in sight")
"""
METADATA_HOOK = "def prepare_metadata_for_build_wheel"

Write = Callable[..., PyProject]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a project with its own backend, which requires packages before and after it is asked."""

    def write(
        requires: Sequence[str] = (),
        more: Sequence[str] = (),
        *,
        isolation: bool | None = None,
        backend: str = BACKEND,
    ) -> PyProject:
        (tmp_path / "backend.py").write_text(f"REQUIRES = {[*more]}\n{backend}")
        (tmp_path / "pyproject.toml").write_text(
            f"[build-system]\nrequires = {json.dumps([*requires])}\n"
            'build-backend = "backend"\nbackend-path = ["."]\n'
        )
        return PyProject(tmp_path, isolation=isolation)

    return write


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No index, so that pip can install nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def seen(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((root / "seen.json").read_text())
    return found


def faults(project: PyProject) -> str:
    with pytest.raises(ConfigError) as error:
        project.version()
    assert len(error.value.faults) == 1
    return str(error.value)


class TestBackend:
    """A real backend."""

    def test_metadata(self, write: Write):
        """The metadata is the project's."""
        found = write()

        assert (found.name(), found.version()) == ("Digits", "2.0")
        assert found.dependencies() == ["torch"]

    def test_metadata_of_wheel(self, write: Write):
        """A backend that cannot prepare metadata is asked for a wheel."""
        found = write(backend=BACKEND.replace(METADATA_HOOK, "def prepare_nothing"))

        assert (found.name(), found.version()) == ("Digits", "2.0")

    def test_wheel(self, write: Write):
        """The wheel's files are returned without the wheel's metadata."""
        [member] = write().wheel_files()

        assert (member.name, b"".join(member.source.chunks())) == ("digits/__init__.py", b"version = 2")

    def test_failing(self, write: Write, tmp_path: Path):
        """A failure of the backend is one line."""
        expected = f"The build backend of `{tmp_path}` failed: RuntimeError: no version in sight"

        assert faults(write(backend=FAILING)) == expected

    def test_reason(self, write: Write, tmp_path: Path):
        """The reason is the exception's message, whatever else is printed before and after it."""
        failing = FAILING.replace(
            '"no version in sight"', '"no version\\nin `pyproject.toml`\\n\\n  dump\\n}"'
        )
        failing = "import atexit\nprint('starting')\natexit.register(print, 'ended')\n" + failing
        expected = f"The build backend of `{tmp_path}` failed: RuntimeError: no version in `pyproject.toml`"

        assert faults(write(backend=failing)) == expected

    def test_modules_of_project(self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """No module of the project is imported here, and nothing is wrong with its names."""
        for name in ("build", "pyproject_hooks"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('the project runs')\n")
            for module in [*sys.modules]:
                if module.partition(".")[0] == name:
                    monkeypatch.delitem(sys.modules, module)
        monkeypatch.chdir(tmp_path)
        path = ["", str(tmp_path), *sys.path]
        monkeypatch.setattr(sys, "path", path[:])

        assert write().version() == "2.0"
        assert sys.path == path

    def test_unavailable(self, write: Write, tmp_path: Path):
        """A backend that cannot be imported is one line, which says why."""
        expected = f"The build backend of `{tmp_path}` failed: ModuleNotFoundError: No module named "

        assert faults(write(backend="import nothing_such\n")) == f"{expected}'nothing_such'"

    @pytest.mark.parametrize("ask", ["metadata", "wheel"])
    @pytest.mark.parametrize("isolation", [None, True])
    def test_switches(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str, isolation: bool | None
    ):
        """The backend builds no archives, whatever the environment requires."""
        monkeypatch.setenv("HATCH_MAR_REQUIRE", "1")
        monkeypatch.setenv("HATCH_MAR_SKIP", "0")
        project = write(isolation=isolation)
        print(project.version() if ask == "metadata" else [*project.wheel_files()])

        assert seen(tmp_path)["switches"] == {"HATCH_MAR_SKIP": "1"}


class TestIsolation:
    @pytest.mark.usefixtures("network")
    @pytest.mark.parametrize("isolation", [None, False])
    @pytest.mark.parametrize(
        ("requires", "more"),
        [
            ([], []),
            (["pytest", "pip>=1"], ["packaging"]),
            (["nothing-such; python_version < '3'"], ["nothing-such; sys_platform == 'none'"]),
        ],
    )
    def test_installed(
        self, write: Write, tmp_path: Path, requires: list[str], more: list[str], isolation: bool | None
    ):
        """The backend runs in this environment if that has what it requires, and needs no network."""
        assert write(requires, more, isolation=isolation).version() == "2.0"
        assert seen(tmp_path)["prefix"] == sys.prefix

    def test_isolated(self, write: Write, tmp_path: Path):
        """If it is asked for, the backend runs in an isolated environment all the same."""
        assert write(isolation=True).version() == "2.0"
        assert seen(tmp_path)["prefix"] != sys.prefix

    @pytest.mark.usefixtures("network")
    @pytest.mark.parametrize(
        ("requires", "more"),
        [(["nothing-such"], []), ([], ["nothing-such"]), (["pytest<1"], []), (["pytest>99"], [])],
    )
    def test_missing(self, write: Write, tmp_path: Path, requires: list[str], more: list[str]):
        """If something is missing, an isolated environment is made, which the network would be needed for."""
        name = (requires or more)[0]

        assert faults(write(requires, more)) == (
            f"Cannot install `{name}`, which the build backend of `{tmp_path}` needs: ERROR: No matching"
            f" distribution found for {name}; `--no-isolation` uses this environment, which lacks `{name}`"
        )

    @pytest.mark.usefixtures("network")
    def test_missing_in_isolation(self, write: Write, tmp_path: Path):
        """Where isolation is asked for, what this environment lacks is not looked at."""
        assert faults(write(["nothing-such"], isolation=True)).endswith(
            "found for nothing-such; `--no-isolation` uses this environment"
        )

    def test_no_environment(self, write: Write, monkeypatch: pytest.MonkeyPatch):
        """That there can be no isolated environment is not a failure of the backend."""
        from build import FailedProcessError
        from build.env import DefaultIsolatedEnv

        def fail(_: object) -> None:
            raise FailedProcessError(subprocess.CalledProcessError(1, "venv", b"", b"No space\n"), "Failed")

        monkeypatch.setattr(DefaultIsolatedEnv, "__enter__", fail)
        expected = r"^Cannot create an isolated environment for .*: No space; `--no-isolation` uses this one$"

        with pytest.raises(ConfigError, match=expected):
            write(isolation=True).version()

    @pytest.mark.parametrize(
        ("requires", "more", "listed"),
        [
            (["nothing-such>=2", "pytest", "Some.Thing"], [], "`Some.Thing`, `nothing-such>=2`"),
            ([], ["nothing-such"], "`nothing-such`"),
            (["pytest<1"], [], "`pytest<1`"),
        ],
    )
    def test_missing_here(
        self, write: Write, tmp_path: Path, requires: list[str], more: list[str], listed: str
    ):
        """Without isolation, what is missing is named."""
        assert faults(write(requires, more, isolation=False)) == (
            f"The build backend of `{tmp_path}` needs {listed}, which this environment lacks;"
            " install what is missing, or use `--isolation`"
        )

    def test_invalid(self, write: Write, tmp_path: Path):
        """A requirement that is none is one line."""
        expected = f"The build requirements of `{tmp_path}` are invalid: "

        assert faults(write(["not a requirement"])).startswith(expected)


HATCHLING = """
[build-system]
requires = ["hatchling"{plugin}]
build-backend = "hatchling.build"

[project]
name = "digits"
dynamic = ["version"]

[tool.hatch.version]
path = "handler.py"

{hook}
[tool.mar]
handler = "handler.py"
"""


def offline() -> list[str]:
    """The beginning of a command that has no network, where the system can make one."""
    command = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode:
        return []
    return command


def is_installed(name: str) -> bool:
    return any(distribution.name == name for distribution in distributions())


@pytest.mark.parametrize(
    ("plugin", "hook"),
    [
        ("", ""),
        pytest.param(
            ', "hatch-mar"',
            "[tool.hatch.build.hooks.mar]",
            marks=pytest.mark.skipif(not is_installed("hatch-mar"), reason="needs hatch-mar installed"),
        ),
    ],
    ids=["hatchling alone", "with the hook"],
)
def test_offline(project: Path, plugin: str, hook: str):
    """A project of hatchling's that leaves its version to it is built without a network."""
    (project / "pyproject.toml").write_text(HATCHLING.format(plugin=plugin, hook=hook))
    (project / "handler.py").write_text('__version__ = "3.0"\n\ndef handle(data, context): ...\n')
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    result = subprocess.run(
        [*offline(), sys.executable, "-m", "hatch_mar", "build"],
        cwd=project, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert (result.returncode, result.stderr) == (0, "")
    with read(project / "dist/digits.mar") as archive:
        assert archive.manifest.model["modelVersion"] == "3.0"
