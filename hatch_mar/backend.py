"""A build backend that wraps any other, and writes archives beside its wheels and sdists.

`pyproject.toml` names it in `build-system.build-backend`, and the other one in
`tool.mar.build-backend`. Whatever is not defined here is the other backend's, and missing where
that has not got it, so that a frontend sees no difference (PEP 517, PEP 660).
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hatch_mar.archive.packager.mode import set_mode
from hatch_mar.build.incomplete import remove_if_incomplete
from hatch_mar.build.keeping import FROM_SDIST, came_with_sdist, destination, leave_out, why_left_out
from hatch_mar.build.plan import WHEEL_MODE, Planned, load_configs, plan_project
from hatch_mar.build.report import line_of, list_warnings, relative
from hatch_mar.build.run import build_all
from hatch_mar.build.unwanted import find_old_in_wheel, find_older_inside, find_unwanted, is_packaged
from hatch_mar.errors import ConfigError, HatchMarError, explain_system_errors
from hatch_mar.output import log
from hatch_mar.project.delegate import find_hook, load_delegate, name_delegate
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
    return build("build_wheel", wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the other backend's sdist, and the archives beside it; returns the sdist's name."""
    return build("build_sdist", sdist_directory, config_settings)


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


def build(hook: str, directory: str, settings: Settings, *others: str | None) -> str:
    with exit_on_faults():
        project = WrappedProject(Path.cwd(), settings)
        build_artifact = find_hook(project.delegate, hook, project.pyproject)
        target = destination(project.root, project.root / directory)
        planned = plan_archives(project, target)
        # an archive in a package is part of the wheel that is built next
        early = [one for one in planned if one.config.export_path]
        write_archives(early)
    name: str = build_artifact(directory, settings, *others)
    built = Path(project.root, directory, name)
    with exit_on_faults(), remove_if_incomplete(built):
        mode = stat.S_IMODE(built.stat().st_mode)
        if hook == "build_wheel":
            project.take_wheel(built)
            if not planned and are_in(target, project):
                give_mode(project, target, mode)
        if planned:
            # again, since the other backend may have made some of the files
            planned = plan_project(project, target, instant=planned[0].instant)
        refuse_outdated(write_archives(planned, mode, early), built.name)
        log(*list_warnings(planned))
        log(*(f"Warning: {line}" for line in find_strange(built, planned, project, target)))
    return name


def list_requirements(hook: str, settings: Settings) -> list[str]:
    with exit_on_faults():
        project = WrappedProject(Path.cwd(), settings)
        left_out = why_left_out(project.root) is not None
    hooks = {hook: None}
    if not left_out and may_need_wheel(project.pyproject):
        hooks["get_requires_for_build_wheel"] = None
    requirements = [
        line for each in hooks if (ask := getattr(project.delegate, each, None)) for line in ask(settings)
    ]
    if not left_out:
        requirements += trial_dependencies(project.pyproject)
    return list(dict.fromkeys(requirements))


def find_strange(
    built: Path, planned: Sequence[Planned], project: WrappedProject, directory: Path
) -> Iterator[str]:
    """What to know of archives in a wheel or an sdist that has been built."""
    if built.suffix != ".whl":
        yield from find_unwanted(built, planned, name_delegate(project.pyproject))
    elif why_left_out(project.root, directory) not in (None, *FROM_SDIST):
        with suppress(HatchMarError):  # a fault of an archive that nobody would keep stops nothing
            yield from find_old_in_wheel(built, load_configs(project))
    yield from find_older_inside(filter(is_packaged, planned))


def plan_archives(project: WrappedProject, directory: Path) -> list[Planned]:
    """The archives to write to `directory`; says why if there are none."""
    reason = why_left_out(project.root, directory)
    if reason is None:
        return plan_project(project, directory)
    if reason not in FROM_SDIST or not are_in(directory, project):
        log(leave_out(reason))
    return []


def are_in(directory: Path, project: WrappedProject) -> bool:
    """Whether the build of the sdist that is unpacked here has just written the archives to `directory`."""
    with suppress(ConfigError):  # which stops no build that leaves archives out
        return came_with_sdist(load_configs(project), project.root, directory)
    return False


def give_mode(project: WrappedProject, directory: Path, mode: int) -> None:
    """Let archives that were made with the sdist, and got its mode, have that of the wheel."""
    for config in load_configs(project):
        if not config.export_path:
            set_mode(directory / config.file_name, mode)


def write_archives(
    planned: Sequence[Planned], mode: int = WHEEL_MODE, shown: Sequence[Planned] = ()
) -> list[Planned]:
    """Write archives and show their paths; returns those that are shown already and have changed since."""
    plans, paths = {one.path: one for one in planned}, {one.path for one in shown}
    changed = []
    for artifact in build_all(planned, quiet=False, mode=mode):
        if artifact.path not in paths or not artifact.unchanged:
            log(line_of(artifact, plans[artifact.path].root))
        if artifact.path in paths and not artifact.unchanged:
            changed.append(plans[artifact.path])
    return changed


def refuse_outdated(changed: Iterable[Planned], name: str) -> None:
    """
    Raises:
        ConfigError: archives that may be part of what was built have been written again since.
    """
    if faults := [
        f"`{relative(one.path, one.root)}` is not in `{name}` as it is now, because the build backend has"
        " only now made some of its files; build again"
        for one in filter(is_packaged, changed)
    ]:
        raise ConfigError(*faults)


@contextmanager
def exit_on_faults() -> Iterator[None]:
    """End the build with an error's lines instead of a traceback, which a frontend would show above them."""
    try:
        with explain_system_errors():
            yield
    except HatchMarError as error:
        raise SystemExit(str(error)) from None
