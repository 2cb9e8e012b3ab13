"""What is wrong with the tables that enable the build hook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hatch_mar.finding import Finding, Place, Rule, dotted_key
from hatch_mar.project.config.models import MAR, PYPROJECT
from hatch_mar.project.config.reading import UNKNOWN
from hatch_mar.project.hatch_settings import HATCH_TOML, PLUGIN_NAME, HatchSettings

NOT_ENABLED = Rule(
    code="MAR028",
    severity="warning",
    title="The build hook is not enabled in a project that hatchling builds",
    consequence="`hatch build`, `python -m build` and `uv build` make no archives, and say nothing",
    fix="add `[tool.hatch.build.hooks.mar]`",
    ignorable=True,
)

HATCHLING_KEYS = (
    "dependencies",
    "require-runtime-dependencies",
    "require-runtime-features",
    "enable-by-default",
)
"""The keys that hatchling itself reads from every hook's table."""


def find_missing_hook(settings: HatchSettings) -> Iterator[Finding]:
    """That hatchling builds the project, but no table enables the hook.

    Nothing is found if there is a table for the target `mar`: such a project is built with
    `hatch build -t mar`, and needs no hook.
    """
    if settings.apply and not [*settings.hooks()] and PLUGIN_NAME not in settings.table("targets"):
        header = dotted_key(settings.place("hooks", PLUGIN_NAME).key)
        where = f" to `{HATCH_TOML}`" if settings.file == HATCH_TOML else ""
        text = "No build makes these archives but `hatch build -t mar`"
        yield NOT_ENABLED.at(Place(PYPROJECT, None, MAR), text, f"add `[{header}]`{where}")


def find_wrong_options(settings: HatchSettings) -> Iterator[Finding]:
    """The unknown options in all tables of the hook."""
    for place, table in settings.hooks():
        yield from find_unknown_options(table, place)


def find_unknown_options(table: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """The options of a table of the hook that neither hatchling nor the hook has."""
    for key in table:
        if key not in HATCHLING_KEYS:
            text = f"Unknown option `{key}` for build hook `{PLUGIN_NAME}`"
            yield UNKNOWN.at(place.within(key), text, "options belong in `[tool.mar]`")
