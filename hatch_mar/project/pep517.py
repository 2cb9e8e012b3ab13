"""Calls a project's build backend through PEP 517.

Needs `build`, which the extra `hatch-mar[cli]` installs.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import PYPROJECT

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

    from build import ProjectBuilder

SKIP = "HATCH_MAR_SKIP"
"""The environment variable that makes a build leave out the archives."""
REQUIRE = "HATCH_MAR_REQUIRE"
"""The environment variable that makes a build fail if it would leave out archives."""


def read_metadata(root: Path, isolation: bool | None = None) -> PackageMetadata:
    """The project's core metadata, from its backend, which is called as `open_builder` says."""
    with open_builder(root, isolation) as builder, tempfile.TemporaryDirectory(prefix="hatch-mar-") as place:
        from importlib.metadata import PathDistribution

        return PathDistribution(Path(builder.metadata_path(place))).metadata


def build_wheel(root: Path, directory: str, isolation: bool | None = None) -> str:
    """Build a wheel into `directory`, by the backend as `open_builder` calls it; returns its path."""
    with open_builder(root, isolation) as builder:
        return builder.build("wheel", directory)


@contextmanager
def open_builder(root: Path, isolation: bool | None) -> Iterator[ProjectBuilder]:
    """The project's build backend, ready to be called, in a process of its own.

    It runs in an isolated environment, into which its requirements are installed, or in this one,
    which takes a tenth of the time and no network. By default it runs in this one if that has them
    all, whatever URL a requirement gives.

    Raises:
        ConfigError: `build` is not installed, the backend fails, or this environment lacks a
            requirement although it is to be used.
    """
    with report_faults(root):
        from build import ProjectBuilder

        if not isolation:
            builder = ProjectBuilder(root, runner=run_without_archives)
            missing = find_missing(builder)
            if not missing:
                yield builder
                return
            if isolation is False:
                listed = ", ".join(f"`{requirement}`" for requirement in missing)
                raise ConfigError(
                    f"The build backend of `{root}` needs {listed}, which this environment lacks;"
                    " install what is missing, or use `--isolation`"
                )
        from build.env import DefaultIsolatedEnv

        with DefaultIsolatedEnv() as environment:
            builder = ProjectBuilder.from_isolated_env(environment, root, runner=run_without_archives)
            environment.install(builder.build_system_requires)
            environment.install(builder.get_requires_for_build("wheel"))
            yield builder


def find_missing(builder: ProjectBuilder) -> list[str]:
    """The requirements of a wheel's build that this environment lacks, with those of requirements."""
    from build import check_dependency
    from packaging.requirements import InvalidRequirement

    def lacking(requirements: set[str]) -> list[str]:
        return sorted({chain[-1] for each in requirements for chain in check_dependency(each)})

    try:
        # the backend can only be asked for more once its own requirements are there
        return lacking(builder.build_system_requires) or lacking(builder.get_requires_for_build("wheel"))
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"The build requirements of `{builder.source_dir}` are invalid: {reason}") from None


def run_without_archives(
    cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
) -> None:
    """Run a backend that builds no archives, and is not required to."""
    environment = {**os.environ, **(extra_environ or {}), SKIP: "1"}
    environment.pop(REQUIRE, None)
    subprocess.run(
        cmd, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True
    )


@contextmanager
def report_faults(root: Path) -> Iterator[None]:
    """
    Raises:
        ConfigError: `build` is not installed, or the backend fails.
    """
    try:
        from build import BuildBackendException, BuildException, FailedProcessError
    except ImportError:
        raise ConfigError(
            f"`{root / PYPROJECT}` leaves this to its build backend, which only `build` can ask:"
            " pip install 'hatch-mar[cli]'"
        ) from None
    try:
        yield
    except (
        BuildException,
        BuildBackendException,
        FailedProcessError,
        subprocess.CalledProcessError,
    ) as error:
        raise ConfigError(f"The build backend of `{root}` failed: {last_line_of(error)}") from error


def last_line_of(error: Exception) -> str:
    """The last line of a backend's output, where pip and Python put the reason."""
    process = getattr(error, "exception", error)
    outputs = (getattr(process, name, None) for name in ("stderr", "output", "traceback"))
    output = next(filter(None, outputs), "")
    text = output.decode(errors="replace") if isinstance(output, bytes) else str(output)
    return text.strip().rpartition("\n")[2] or str(error)
