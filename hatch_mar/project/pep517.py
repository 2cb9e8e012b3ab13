"""A project's build backend, asked through PEP 517 in an isolated environment.

Needs `build`, which is the extra `hatch-mar[cli]`.
"""

from __future__ import annotations

import os
import subprocess
from importlib.metadata import PackageMetadata
from pathlib import Path

from build import BuildBackendException, BuildException, ProjectBuilder
from build.env import DefaultIsolatedEnv
from build.util import project_wheel_metadata
from pyproject_hooks import quiet_subprocess_runner

from hatch_mar.errors import ConfigError

SKIP = "HATCH_MAR_SKIP"
"""Set, it tells the build hook that nobody would keep its archives."""


def metadata(root: Path) -> PackageMetadata:
    """The core metadata that the backend gives the project."""
    try:
        return project_wheel_metadata(root, isolated=True, runner=quiet_subprocess_runner)
    except (BuildException, BuildBackendException, subprocess.CalledProcessError) as error:
        raise failed(root, error) from error


def build_wheel(root: Path, directory: str) -> str:
    """The path of a wheel built into `directory`."""
    before = os.environ.get(SKIP)
    os.environ[SKIP] = "1"
    try:
        with DefaultIsolatedEnv() as environment:
            builder = ProjectBuilder.from_isolated_env(environment, root, runner=quiet_subprocess_runner)
            environment.install(builder.build_system_requires)
            environment.install(builder.get_requires_for_build("wheel"))
            return builder.build("wheel", directory)
    except (BuildException, BuildBackendException, subprocess.CalledProcessError) as error:
        raise failed(root, error) from error
    finally:
        del os.environ[SKIP]
        if before is not None:
            os.environ[SKIP] = before


def failed(root: Path, error: Exception) -> ConfigError:
    """The last thing that was said, which is where pip and Python put the reason."""
    process = getattr(error, "exception", error)
    said = getattr(process, "stderr", None) or getattr(process, "output", None) or b""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return ConfigError(
        f"The build backend of `{root}` failed: {text.strip().rpartition(chr(10))[2] or error}"
    )
