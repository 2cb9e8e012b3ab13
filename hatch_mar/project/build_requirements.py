"""What a project's build needs, and `build-system.requires` lacks.

A requirement may bring others, so that only what is known to bring none leaves no doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place, Rule, field
from hatch_mar.project.build_system import PLUGIN, SYSTEM, list_required
from hatch_mar.project.config.models import PYPROJECT
from hatch_mar.project.config.values import HATCHLING, WRAPPER
from hatch_mar.project.delegate import name_delegate
from hatch_mar.project.hatch_hook import is_declared, is_off_by_default
from hatch_mar.project.hatch_settings import PLUGIN_NAME, HatchSettings
from hatch_mar.project.toml import table_at

LACKING = Rule(
    code="MAR034",
    title="`build-system.requires` lacks what the build needs",
    consequence="a build in an isolated environment, which frontends make by default, fails",
    fix="add it",
    ignorable=True,
)

PROVIDERS = {
    "flit_core": "flit-core",
    "maturin": "maturin",
    "mesonpy": "meson-python",
    "pdm.backend": "pdm-backend",
    "poetry.core": "poetry-core",
    "scikit_build_core": "scikit-build-core",
    "setuptools": "setuptools",
    "uv_build": "uv-build",
}
"""The distributions that the modules of build backends are in; none of them requires another."""
NEUTRAL = frozenset((*PROVIDERS.values(), PLUGIN, "cmake", "cython", "hatchling", "ninja", "numpy", "wheel"))
"""Requirements that bring no backend but hatchling, and none that brings `hatch-mar`."""
WITHOUT_PLUGIN = NEUTRAL | {"hatch-fancy-pypi-readme", "hatch-vcs", "setuptools-scm", "torch"}
"""Others that do not bring `hatch-mar` either."""
INSTALLING = {"dependencies", "require-runtime-dependencies", "require-runtime-features"}
"""Keys by which hatchling requires more for a build (hatchling/builders/config.py, `dependencies`)."""


def find_lacking(pyproject: Mapping[str, Any], settings: HatchSettings) -> Iterator[Finding]:
    """What the build of the archives needs and does not require, as far as that is certain."""
    system = table_at(pyproject, *SYSTEM)
    with suppress(ConfigError):  # what is not valid is found elsewhere
        required = list_required(system)
        if any("[" in line for line in system["requires"]):
            return  # an extra may bring anything
        backend = system.get("build-backend")
        is_used = backend == WRAPPER or (backend == HATCHLING and needs_plugin(settings))
        if is_used and required <= WITHOUT_PLUGIN - {PLUGIN}:
            what = f"build backend `{WRAPPER}`" if backend == WRAPPER else f"build hook `{PLUGIN_NAME}`"
            yield describe_lack(PLUGIN, what)
        if backend == WRAPPER:
            delegate = name_delegate(pyproject)
            provider = find_provider(delegate)
            if provider and required <= NEUTRAL - {provider}:
                yield describe_lack(provider, f"build backend `{delegate}`")


def describe_lack(name: str, what: str) -> Finding:
    place = Place(PYPROJECT, None, (*SYSTEM, "requires"))
    return LACKING.at(place, f"{field(place.key)} lacks `{name}`, which the {what} is part of")


def find_provider(backend: str) -> str | None:
    """The distribution that a build backend is in, if that is known."""
    return next((name for module, name in PROVIDERS.items() if f"{backend}.".startswith(f"{module}.")), None)


def needs_plugin(settings: HatchSettings) -> bool:
    """Whether every build fails without the plugin, which only `build-system.requires` could bring."""
    is_used = is_declared(settings) or PLUGIN_NAME in settings.table("targets")
    return is_used and not is_off_by_default(settings) and not installs_more(settings.table())


def installs_more(table: object) -> bool:
    if isinstance(table, list):
        return any(map(installs_more, table))
    return isinstance(table, dict) and (
        bool(INSTALLING & {*table}) or any(map(installs_more, table.values()))
    )
