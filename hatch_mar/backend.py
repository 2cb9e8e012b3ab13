"""A build backend that wraps any other, and writes archives beside its wheels and sdists.

`pyproject.toml` names it in `build-system.build-backend`, and the other one in
`tool.mar.build-backend`. Whatever is not defined here is the other backend's, and missing where
that has not got it, so that a frontend sees no difference (PEP 517, PEP 660).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hatch_mar.build.keeping import SDIST, came_with_sdist, destination, leave_out, why_left_out
from hatch_mar.build.plan import Planned, load_configs, plan_project
from hatch_mar.build.report import line_of, list_warnings
from hatch_mar.build.run import build_all
from hatch_mar.errors import ConfigError, HatchMarError, explain_system_errors
from hatch_mar.project.delegate import load_delegate
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.wrapped import WrappedProject, may_need_wheel
from hatch_mar.trial.dependencies import trial_dependencies

Settings = Mapping[str, Any] | None

HOOKS = ("build_", "get_requires_for_build_", "prepare_metadata_for_build_")
"""How the names of all hooks begin."""


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build the other backend's wheel, and the archives beside it; returns the wheel's name."""
    with exit_on_faults():
        project = WrappedProject(Path.cwd(), config_settings)
        planned = plan_archives(project, Path(wheel_directory).absolute())
    name: str = project.delegate.build_wheel(wheel_directory, config_settings, metadata_directory)
    write_archives(planned)
    return name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the other backend's sdist, and the archives beside it; returns the sdist's name."""
    with exit_on_faults():
        project = WrappedProject(Path.cwd(), config_settings)
        planned = plan_archives(project, Path(sdist_directory).absolute())
    name: str = project.delegate.build_sdist(sdist_directory, config_settings)
    write_archives(planned)
    return name


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """What the other backend requires to build a wheel, and what its archives do."""
    return list_requirements("get_requires_for_build_wheel", config_settings)


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """What the other backend requires to build an sdist, and what its archives do."""
    return list_requirements("get_requires_for_build_sdist", config_settings)


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        delegate = load_delegate(PyProject(Path.cwd()).pyproject)
    except HatchMarError as error:
        if name.startswith(HOOKS):
            raise SystemExit(str(error)) from None
        # others than frontends look at modules too, from anywhere: debuggers, pytest, pickle
        raise AttributeError(str(error)) from None
    return getattr(delegate, name)


def list_requirements(hook: str, settings: Settings) -> list[str]:
    with exit_on_faults():
        project = WrappedProject(Path.cwd(), settings)
        left_out = why_left_out(project.root) is not None
    hooks = [hook]
    if not left_out and may_need_wheel(project.pyproject):
        hooks.append("get_requires_for_build_wheel")
    requirements = [
        line for each in hooks if (ask := getattr(project.delegate, each, None)) for line in ask(settings)
    ]
    if not left_out:
        requirements += trial_dependencies(project.pyproject)
    return list(dict.fromkeys(requirements))


def plan_archives(project: WrappedProject, directory: Path) -> list[Planned]:
    """The archives to write when the wheel or the sdist is in `directory`; says why if there are none."""
    reason = why_left_out(project.root, directory)
    if reason is None:
        return plan_project(project, destination(project.root, directory))
    if reason != SDIST or not are_in(directory, project):
        print(leave_out(reason), file=sys.stderr, flush=True)
    return []


def are_in(directory: Path, project: WrappedProject) -> bool:
    """Whether the build of the sdist that is unpacked here has just written the archives to `directory`."""
    with suppress(ConfigError):  # which stops no build that leaves archives out
        return came_with_sdist(load_configs(project), project.root, directory)
    return False


def write_archives(planned: Sequence[Planned]) -> None:
    with exit_on_faults():
        for artifact in build_all(planned, quiet=False):
            print(line_of(artifact, Path.cwd()), file=sys.stderr, flush=True)
        for line in list_warnings(planned):
            print(line, file=sys.stderr, flush=True)


@contextmanager
def exit_on_faults() -> Iterator[None]:
    """End the build with an error's lines instead of a traceback, which a frontend would show above them."""
    try:
        with explain_system_errors():
            yield
    except HatchMarError as error:
        raise SystemExit(str(error)) from None
