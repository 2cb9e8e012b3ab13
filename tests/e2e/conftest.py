"""Real projects, built by the real frontends with the plugin as a user would install it."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DEADLINE = 300
"""Seconds after which a command hangs for certain."""

FOREIGN = ("HATCH", "PYTHON", "GIT_", "COV_", "PYTEST_")
"""Beginnings of the variables that would steer a build from outside the test."""
FOREIGN_NAMES = {
    "SOURCE_DATE_EPOCH",
    "PIP_BUILD_TRACKER",
    "VIRTUAL_ENV",
    "UV_PYTHON",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
}

HOOK = "[tool.hatch.build.hooks.mar]\n"
MODELS = ("digits", "letters")
ARCHIVES = """\
[tool.mar]
handler = "reader/handler.py"

[[tool.mar.archives]]
model-name = "digits"
serialized-file = "weights/digits.pt"

[[tool.mar.archives]]
model-name = "letters"
serialized-file = "weights/letters.pt"
"""

PYPROJECT = """\
[build-system]
requires = ["hatchling", "{plugin}"]
build-backend = "hatchling.build"

[project]
name = "reader"
version = "1.0"
requires-python = ">=3.10"

"""
SDIST = "reader-1.0.tar.gz"
WHEEL = "reader-1.0-py3-none-any.whl"


def require(tool: str) -> str:
    """The path of a command; without it the test is skipped, but never in CI."""
    beside_python = sysconfig.get_path("scripts")
    path = shutil.which(tool, path=os.pathsep.join((beside_python, os.environ.get("PATH", os.defpath))))
    return path or without(f"command `{tool}`")


def require_module(name: str) -> None:
    """As `require`, for a module that is run with `python -m`."""
    if importlib.util.find_spec(name) is None:
        without(f"module `{name}`")


def without(what: str) -> str:
    message = f"This test needs the {what}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Run:
    """Runs commands as on a clean machine, whatever the shell that started the tests had set."""

    environ: Mapping[str, str]

    def __call__(self, *command: str | Path, cwd: Path, status: int = 0, **variables: str) -> str:
        """The output of a command, standard error included; any other exit status fails the test.

        `python` stands for the Python that runs the tests.
        """
        with self.start(*command, cwd=cwd, **variables) as process:
            try:
                output, _ = process.communicate(timeout=DEADLINE)
            finally:
                process.kill()
        shown = " ".join(map(str, command))
        assert process.returncode == status, f"`{shown}` ended with {process.returncode}:\n{output}"
        return output

    def start(self, *command: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """A command that runs, for a test that looks at its output meanwhile."""
        tool, *arguments = map(str, command)
        if tool == "python":
            if arguments[0] == "-m":
                require_module(arguments[1])
            tool = sys.executable
        else:
            tool = require(tool)
        return subprocess.Popen(
            [tool, *arguments],
            cwd=cwd,
            env={**self.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Commands run with hatch's data, caches and configuration in a folder of this session."""
    own = tmp_path_factory.mktemp("hatch")
    (own / "config.toml").touch()
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name not in FOREIGN_NAMES
    }
    environ |= {
        "PATH": os.pathsep.join((sysconfig.get_path("scripts"), environ.get("PATH", os.defpath))),
        "HATCH_DATA_DIR": str(own / "data"),
        "HATCH_CACHE_DIR": str(own / "cache"),
        "HATCH_CONFIG": str(own / "config.toml"),
        "UV_CACHE_DIR": str(own / "uv"),
        "NO_COLOR": "1",
    }
    return Run(environ)


@pytest.fixture(scope="session")
def plugin_wheel(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's wheel, built once per session.

    Its path is new each time: pip and uv cache by path, and would serve an old one. Its folder
    serves as `PIP_FIND_LINKS` for projects that require plain `hatch-mar`.
    """
    directory = tmp_path_factory.mktemp("plugin")
    run("python", "-m", "build", "--wheel", "--outdir", directory, cwd=CHECKOUT)
    [wheel] = directory.glob("hatch_mar-*.whl")
    return wheel


@pytest.fixture(scope="session")
def plugin_uri(plugin_wheel: Path) -> str:
    """The plugin as a line of `build-system.requires`."""
    return f"hatch-mar @ {plugin_wheel.as_uri()}"


class Project:
    """A package with two models, whose weights git ignores, so that the sdist lacks them."""

    def __init__(self, root: Path, run: Run, plugin: str) -> None:
        self.root = root
        self._run = run
        self._plugin = plugin
        temporary = root.parent / "temporary"
        temporary.mkdir()
        self._temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))

        package = root / "reader"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "handler.py").write_text("def handle(data, context):\n    return data\n")
        (root / "weights").mkdir()
        for model in MODELS:
            self.weights(model).write_bytes(random.Random(model).randbytes(100_000))
        (root / ".gitignore").write_text("/weights/\n*.mar\n")
        self.configure()
        self.run("git", "init", "--quiet")

    def configure(self, hatch: str = HOOK, mar: str = ARCHIVES) -> None:
        """Write `pyproject.toml` anew, with these tables of hatch's and of hatch-mar's."""
        text = PYPROJECT.format(plugin=self._plugin) + hatch + "\n" + mar
        (self.root / "pyproject.toml").write_text(text, encoding="utf-8")

    def run(self, *command: str | Path, status: int = 0, **variables: str) -> str:
        """The output of a command run in the project, its temporary files in the test's folder."""
        return self._run(*command, cwd=self.root, status=status, **self._temporary, **variables)

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        return self._run.start(*command, cwd=self.root, **self._temporary)

    def weights(self, model: str) -> Path:
        return self.root / "weights" / f"{model}.pt"

    def lose_weights(self) -> None:
        """From here on, a build that lays an archive out fails."""
        shutil.rmtree(self.root / "weights")

    def archives(self) -> set[Path]:
        """Every archive that is left: in the project, output folders, temporary files and uv's cache."""
        places = (self.root.parent, Path(self._run.environ["UV_CACHE_DIR"]))
        return {archive for place in places for archive in place.rglob("*.mar")}


@pytest.fixture
def project(tmp_path: Path, run: Run, plugin_uri: str) -> Project:
    return Project(tmp_path / "project", run, plugin_uri)
