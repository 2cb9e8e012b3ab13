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
from hatch_mar.output import explain
from hatch_mar.own_modules import leave_out_modules
from hatch_mar.project.backend_failure import reasons_of
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.text import quote_each

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

    from build import ProjectBuilder
    from build.env import DefaultIsolatedEnv

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
        ConfigError: `build` is not installed, the backend fails, its requirements cannot be installed,
            or this environment lacks one although it is to be used.
    """
    with leave_out_modules(root), report_failures(root):
        from build import ProjectBuilder

        missing: list[str] = []
        if not isolation:
            builder = ProjectBuilder(root, runner=run_without_archives)
            missing = find_missing(builder)
            if not missing:
                explain("It runs in this environment, which has all that it requires")
                yield builder
                return
            if isolation is False:
                raise ConfigError(
                    f"The build backend of `{root}` needs {quote_each(missing)}, which this environment"
                    " lacks; install what is missing, or use `--isolation`"
                )
        reason = f"this one lacks {quote_each(missing)}" if missing else "`--isolation` asks for it"
        explain(f"It runs in an isolated environment, since {reason}")
        from build.env import DefaultIsolatedEnv

        with DefaultIsolatedEnv() as environment:
            builder = ProjectBuilder.from_isolated_env(environment, root, runner=run_without_archives)
            install(environment, builder.build_system_requires, root, missing)
            install(environment, builder.get_requires_for_build("wheel"), root, missing)
            yield builder


def install(environment: DefaultIsolatedEnv, requirements: set[str], root: Path, missing: list[str]) -> None:
    """Install requirements of the backend into its isolated environment; this one lacks those in `missing`.

    Raises:
        ConfigError: they cannot be installed.
    """
    try:
        environment.install(requirements)
    except subprocess.CalledProcessError as error:
        lacking = f", which lacks {quote_each(missing)}" if missing else ""
        raise ConfigError(
            f"Cannot install {quote_each(sorted(requirements))}, which the build backend of `{root}` needs:"
            f" {reasons_of(error)[0]}; `--no-isolation` uses this environment{lacking}"
        ) from error


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
    subprocess.run(cmd, cwd=cwd, env=environment, capture_output=True, check=True)


@contextmanager
def report_failures(root: Path) -> Iterator[None]:
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
    except FailedProcessError as error:
        raise ConfigError(
            f"Cannot create an isolated environment for the build backend of `{root}`:"
            f" {reasons_of(error.exception)[0]}; `--no-isolation` uses this one"
        ) from error
    except (BuildException, BuildBackendException) as error:
        reason, *more = reasons_of(getattr(error, "exception", error))
        raise ConfigError(f"The build backend of `{root}` failed: {reason}", *more) from error
