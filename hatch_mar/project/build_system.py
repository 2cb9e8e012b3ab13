"""Changes `[build-system]`, so that a build makes archives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.utils import canonicalize_name

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.project.config.models import MAR, PYPROJECT, TABLE
from hatch_mar.project.config.reading import faults_in
from hatch_mar.project.config.values import WRAPPER, build_backend
from hatch_mar.project.toml import table_at

if TYPE_CHECKING:
    from hatch_mar.project.toml_text import TomlText

PLUGIN = "hatch-mar"
SYSTEM, KEY = ("build-system",), "build-backend"

NOT_A_PACKAGE = ((("tool", "uv"), "package"), (("tool", "poetry"), "package-mode"))
"""What says that a project is not a package, if it is false."""

DEFAULT = "setuptools.build_meta:__legacy__"
"""The backend of a project that names none (PEP 517)."""

BYPASSES = {"flit_core": "flit build", "maturin": "maturin build"}
"""Commands that build without asking the build backend, by the package that this backend is in."""


class Edit(NamedTuple):
    """A change of `pyproject.toml`."""

    todo: str
    """What it is for whoever makes it by hand: "add `x` to `y`"."""
    apply: Callable[[TomlText], None]

    @property
    def done(self) -> str:
        """What it was when it is made: "Added `x` to `y`"."""
        verb, rest = self.todo.split(" ", 1)
        return f"{DONE[verb]} {rest}"


DONE = {"add": "Added", "set": "Set"}


def require_plugin(content: Mapping[str, Any]) -> list[Edit]:
    """Require this package for builds, unless it is.

    Raises:
        ConfigError: `requires` is missing, or is not an array of strings.
    """
    if PLUGIN in list_required(table_at(content, *SYSTEM)):
        return []
    return [
        Edit(
            f"add `{PLUGIN}` to `build-system.requires`",
            lambda text: text.add_to_array(SYSTEM, "requires", PLUGIN),
        )
    ]


def list_required(build_system: Mapping[str, Any]) -> set[str]:
    """The canonical names of what builds require.

    Raises:
        ConfigError: `requires` is missing, or is not an array of strings.
    """
    if "requires" not in build_system:
        raise ConfigError("Field `build-system.requires` is required; name what the build backend is part of")
    requires = build_system["requires"]
    if not isinstance(requires, list) or not all(isinstance(line, str) for line in requires):
        raise ConfigError("Field `build-system.requires` must be an array of strings")
    return {canonicalize_name(re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0]) for line in requires}


def why_not_wrapped(root: Path, content: Mapping[str, Any], *, adopt: bool = False) -> str | None:
    """Why `hatch_mar.backend` should not wrap the build backend of a project, or None if it may.

    A project that is not a package is not built until `build-system` says that it is one, which is only to
    be added if `adopt` says so and there is a `[project]` to build.
    """
    if "backend-path" in table_at(content, *SYSTEM):
        return "`build-system.backend-path` allows no build backend from outside the project"
    for keys, key in NOT_A_PACKAGE:
        if table_at(content, *keys).get(key) is False:
            return f"`{'.'.join((*keys, key))}` is false"
    is_package = SYSTEM[0] in content or has_setup(root) or (adopt and "project" in content)
    if not is_package:
        return "the project has no `[build-system]`"
    return None


def has_setup(root: Path) -> bool:
    """Whether setuptools builds a project without `[build-system]`.

    In many projects `setup.cfg` has nothing but the settings of other tools.
    """
    if (root / "setup.py").is_file():
        return True
    from configparser import Error, RawConfigParser

    settings = RawConfigParser(strict=False)
    try:
        settings.read(root / "setup.cfg", encoding="utf-8")
    except (Error, UnicodeDecodeError):
        return False
    return settings.has_section("metadata") or settings.has_section("options")


def wrap(content: Mapping[str, Any]) -> list[Edit]:
    """Let `hatch_mar.backend` wrap the build backend that is declared, or else the default one.

    Raises:
        ConfigError: the declared backend's name is not valid.
    """
    try:
        delegate = build_backend(table_at(content, *SYSTEM).get(KEY, DEFAULT))
    except ValueError as error:
        place = Place(PYPROJECT, None, (*SYSTEM, KEY))
        raise ConfigError(*(fault.at(place) for fault in faults_in(error))) from None

    edits = [
        Edit(
            f"set `build-system.{KEY}` to `{WRAPPER}`, and `{TABLE}.{KEY}` to `{delegate}`",
            lambda text: set_backends(text, delegate),
        )
    ]
    if SYSTEM[0] in content:
        return edits + require_plugin(content)
    table = f'[build-system]\nrequires = ["setuptools", "{PLUGIN}"]\nbuild-backend = "{DEFAULT}"\n'
    todo = f"add `[build-system]` with `setuptools` and `{PLUGIN}` as `requires`"
    return [Edit(todo, lambda text: text.append(table, SYSTEM)), *edits]


def set_backends(text: TomlText, delegate: str) -> None:
    text.set_string(SYSTEM, KEY, WRAPPER)
    text.set_string(MAR, KEY, delegate)


def name_builders(delegate: object) -> str:
    """What builds the archives of a project whose backend is wrapped, as a sentence."""
    command = BYPASSES.get(str(delegate).partition(".")[0])
    exception = f"; `{command}` does not" if command else ""
    return f"`python -m build` and `uv build` build the archives{exception}"
