"""The build backend that `hatch_mar.backend` wraps, which `tool.mar.build-backend` names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place, Rule, field
from hatch_mar.project.build_system import DEFAULT, PLUGIN, require_plugin, why_not_wrapped, wrap
from hatch_mar.project.config.models import MAR, PYPROJECT
from hatch_mar.project.config.reading import REQUIRED, VALUE, Fault, faults_in
from hatch_mar.project.config.values import HATCHLING, WRAPPER, build_backend
from hatch_mar.project.toml import table_at
from hatch_mar.text import join_steps, quote

KEY = (*MAR, "build-backend")
PLACE = Place(PYPROJECT, None, KEY)

NOT_WRAPPED = Rule(
    code="MAR029",
    severity="warning",
    title="`build-backend` is set in `[tool.mar]`, but another backend builds the project",
    consequence="only `hatch-mar build` writes the archives",
    fix=f"set `build-system.build-backend` to `{WRAPPER}`",
)
NOT_OURS = "it fails without `hatch-mar` too; require a version that works with this Python"

NO_WRAPPER = Rule(
    code="MAR033",
    severity="note",
    title="Builds of the project write no archives",
    consequence="only `hatch-mar build` writes them; `python -m build` and `uv build` do not say so",
    fix=f"let `{WRAPPER}` wrap the build backend if every build should write them",
    ignorable=True,
)


def load_delegate(pyproject: Mapping[str, Any]) -> Any:
    """The module or object that has the hooks of the wrapped backend.

    Raises:
        ConfigError: none is named, or it cannot be imported.
    """
    name = name_delegate(pyproject)
    module, _, attributes = name.partition(":")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise refuse(f"`{name}` cannot be imported: {error}", NOT_OURS) from error
        advice = "correct the name, or add the package that provides it to `build-system.requires`"
        raise refuse(f"cannot import `{name}`: {error}", advice) from None
    except Exception as error:
        raise refuse(f"`{name}` cannot be imported: {type(error).__name__}: {error}", NOT_OURS) from error
    try:
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except AttributeError as error:
        raise refuse(f"cannot import `{name}`: {error}", "correct the name") from None
    return found


def find_hook(delegate: Any, hook: str, pyproject: Mapping[str, Any]) -> Callable[..., Any]:
    """A hook that every backend has (PEP 517, "Build backend interface").

    Raises:
        ConfigError: the wrapped one has not.
    """
    if not hasattr(delegate, hook):
        raise refuse(f"`{name_delegate(pyproject)}` has no `{hook}`", "name the module of a build backend")
    found: Callable[..., Any] = getattr(delegate, hook)
    return found


def refuse(text: str, fix: str) -> ConfigError:
    return ConfigError(VALUE.at(PLACE, f"{field(KEY)}: {text}", fix))


def name_delegate(pyproject: Mapping[str, Any]) -> str:
    """The wrapped backend's name: `module` or `module:object`.

    Raises:
        ConfigError: it is not set, or cannot be wrapped.
    """
    mar = table_at(pyproject, "tool", "mar")
    if "build-backend" not in mar:
        text = (
            f"is required by the build backend `{WRAPPER}`; name the backend that it wraps, such as"
            " `setuptools.build_meta`"
        )
        raise ConfigError(Fault(REQUIRED, (), text).at(PLACE))
    try:
        return build_backend(mar["build-backend"])
    except ValueError as error:
        raise ConfigError(*(fault.at(PLACE) for fault in faults_in(error))) from None


def find_wrapping_faults(pyproject: Mapping[str, Any]) -> Iterator[Finding]:
    """What keeps `hatch_mar.backend` from making a project's archives, known without importing anything."""
    system = table_at(pyproject, "build-system")
    backend = system.get("build-backend")
    if backend != WRAPPER:
        if "build-backend" in table_at(pyproject, "tool", "mar"):
            reason = "is not set" if backend is None else f"is {quote(str(backend))}"
            yield NOT_WRAPPED.at(
                PLACE,
                f"{field(KEY)} has no effect, since `build-system.build-backend` {reason}",
                how_to_take_effect(pyproject),
            )
        return
    try:
        name_delegate(pyproject)
    except ConfigError as error:
        yield from error.findings
    if "backend-path" in system:
        place = Place(PYPROJECT, None, ("build-system", "backend-path"))
        text = f"must not be set, since `{WRAPPER}` is not in it; remove it"
        yield Fault(VALUE, (), text).at(place)


def how_to_take_effect(pyproject: Mapping[str, Any]) -> str:
    """What to do about a `tool.mar.build-backend` that has no effect."""
    system = table_at(pyproject, "build-system")
    if system.get("build-backend") == HATCHLING:
        return "remove it, since hatchling has the build hook"
    if not system:
        return (
            f'add `[build-system]` with `build-backend = "{WRAPPER}"`, and name in its `requires` `{PLUGIN}`'
            " and the package of the backend that it wraps"
        )
    steps = [NOT_WRAPPED.fix]
    with suppress(ConfigError):
        steps += [edit.todo for edit in require_plugin(pyproject)]
    return join_steps(steps)


def find_missing_wrapper(root: Path, pyproject: Mapping[str, Any]) -> Iterator[Finding]:
    """That another build backend than hatchling builds the project, and `hatch_mar.backend` could wrap it."""
    backend = table_at(pyproject, "build-system").get("build-backend", DEFAULT)
    is_set_up = backend in (HATCHLING, WRAPPER) or "build-backend" in table_at(pyproject, *MAR)
    if is_set_up or why_not_wrapped(root, pyproject):
        return
    fix = None
    with suppress(ConfigError):
        fix = f"for every build to do so, {join_steps([edit.todo for edit in wrap(pyproject)])}"
    yield NO_WRAPPER.at(Place(PYPROJECT, None, MAR), "Only `hatch-mar build` writes these archives", fix)
