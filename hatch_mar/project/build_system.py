"""Changes `[build-system]`, so that a build makes archives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.project.config.models import PYPROJECT, TABLE
from hatch_mar.project.config.reading import faults_in
from hatch_mar.project.config.values import WRAPPER, build_backend
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.toml import table_at

PLUGIN = "hatch-mar"

DEFAULT = "setuptools.build_meta:__legacy__"
"""The backend of a project that names none (PEP 517)."""

BYPASSES = {"flit_core": "flit build", "maturin": "maturin build"}
"""Commands that build without asking the build backend, by the package of the one they are made for."""


def require_plugin(expected: dict[str, Any], document: Any) -> list[str]:
    """Require this package for builds; returns a line if it was not required already.

    Args:
        expected: the content of `pyproject.toml`, which is changed.
        document: the same as tomlkit has parsed it, which is changed as well.
    """
    if requires_plugin(expected["build-system"]):
        return []
    for either in (expected, document):
        either["build-system"]["requires"].append(PLUGIN)
    return [f"Added `{PLUGIN}` to `build-system.requires`"]


def requires_plugin(build_system: Mapping[str, Any]) -> bool:
    requires = build_system.get("requires")
    if not isinstance(requires, list):
        raise ConfigError("Field `build-system.requires` must be an array")
    names = (re.split(r"[^\w.-]", str(line), maxsplit=1)[0] for line in requires)
    return any(canonicalize_name(name) == PLUGIN for name in names)


def why_not_wrapped(project: PyProject) -> str | None:
    """Why `hatch_mar.backend` cannot wrap a project's build backend, or None if it can."""
    document = project.pyproject
    if "backend-path" in table_at(document, "build-system"):
        return "`build-system.backend-path` allows no build backend from outside the project"
    is_package = any((project.root / name).exists() for name in ("setup.py", "setup.cfg"))
    if not is_package and {"build-system", "project"}.isdisjoint(document):
        return "there is no build backend"
    return None


def wrap(expected: dict[str, Any], document: Any) -> tuple[str, list[str]]:
    """Let `hatch_mar.backend` wrap the build backend that is declared, or else the default one.

    Args:
        expected: the content of `pyproject.toml`, with `[tool.mar]`, which is changed.
        document: the same as tomlkit has parsed it, which is changed where it has the table.

    Returns:
        The tables to add to the document, and a line for each change.

    Raises:
        ConfigError: the declared backend's name is not valid.
    """
    system = expected.setdefault("build-system", {})
    try:
        delegate = build_backend(system.get("build-backend", DEFAULT))
    except ValueError as error:
        place = Place(PYPROJECT, None, ("build-system", "build-backend"))
        raise ConfigError(*(fault.at(place) for fault in faults_in(error))) from None
    done = [f"Set `build-system.build-backend` to `{WRAPPER}`, and `{TABLE}.build-backend` to `{delegate}`"]
    text = ""
    if "build-system" in document:
        document["build-system"]["build-backend"] = WRAPPER
        done += require_plugin(expected, document)
    else:
        system["requires"] = ["setuptools", PLUGIN]
        text += f'[build-system]\nrequires = ["setuptools", "{PLUGIN}"]\nbuild-backend = "{WRAPPER}"\n\n'
    system["build-backend"] = WRAPPER
    if "mar" in document.get("tool", {}):
        document["tool"]["mar"]["build-backend"] = delegate
    else:
        text += f'[{TABLE}]\nbuild-backend = "{delegate}"\n\n'
    expected["tool"]["mar"]["build-backend"] = delegate
    return text, done


def name_builders(delegate: object) -> str:
    """What builds the archives of a project whose backend is wrapped, as a sentence."""
    command = BYPASSES.get(str(delegate).partition(".")[0])
    return "`python -m build` and `uv build` build them" + (f"; `{command}` does not" if command else "")
