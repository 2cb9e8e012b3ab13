"""Calls a project's build backend through PEP 517, in an isolated environment.

Needs `build`, which the extra `hatch-mar[cli]` installs.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import PYPROJECT

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

SKIP = "HATCH_MAR_SKIP"
"""The environment variable that makes a build leave out the archives."""
REQUIRE = "HATCH_MAR_REQUIRE"
"""The environment variable that makes a build fail if it would leave out archives."""


def read_metadata(root: Path) -> PackageMetadata:
    """The project's core metadata, from its backend."""
    with report_faults(root):
        from build.util import project_wheel_metadata
        from pyproject_hooks import quiet_subprocess_runner

        return project_wheel_metadata(root, isolated=True, runner=quiet_subprocess_runner)


def build_wheel(root: Path, directory: str) -> str:
    """Build a wheel into `directory`; returns its path."""
    with report_faults(root):
        from build import ProjectBuilder
        from build.env import DefaultIsolatedEnv

        with DefaultIsolatedEnv() as environment:
            builder = ProjectBuilder.from_isolated_env(environment, root, runner=run_without_archives)
            environment.install(builder.build_system_requires)
            environment.install(builder.get_requires_for_build("wheel"))
            return builder.build("wheel", directory)


def run_without_archives(
    cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
) -> None:
    from pyproject_hooks import quiet_subprocess_runner

    quiet_subprocess_runner(cmd, cwd, {**(extra_environ or {}), SKIP: "1", REQUIRE: ""})


@contextmanager
def report_faults(root: Path) -> Iterator[None]:
    """
    Raises:
        ConfigError: `build` is not installed, or the backend fails.
    """
    try:
        from build import BuildBackendException, BuildException
    except ImportError:
        raise ConfigError(
            f"`{root / PYPROJECT}` leaves this to its build backend, which only `build` can ask:"
            " pip install 'hatch-mar[cli]'"
        ) from None
    try:
        yield
    except (BuildException, BuildBackendException, subprocess.CalledProcessError) as error:
        raise ConfigError(f"The build backend of `{root}` failed: {last_line_of(error)}") from error


def last_line_of(error: Exception) -> str:
    """The last line of a backend's output, where pip and Python put the reason."""
    process = getattr(error, "exception", error)
    output = getattr(process, "stderr", None) or getattr(process, "output", None) or b""
    text = output.decode(errors="replace") if isinstance(output, bytes) else str(output)
    return text.strip().rpartition("\n")[2] or str(error)
