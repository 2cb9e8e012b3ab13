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
    consequence="`hatch build`, `python -m build` and `uv build` write no archives, and do not say so",
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


ENABLE = "HATCH_BUILD_HOOK_ENABLE_MAR"
"""The environment variable that switches a hook on which is not enabled by default."""


def find_missing_hook(settings: HatchSettings) -> Iterator[Finding]:
    """That hatchling builds the project, but no table enables the hook for an sdist or a wheel.

    Nothing is found if there is a table for the target `mar`: such a project is built with
    `hatch build -t mar`, and needs no hook. A hook that is off by default is worth a note.
    """
    if not settings.apply or PLUGIN_NAME in settings.table("targets"):
        return
    place = Place(PYPROJECT, None, MAR)
    if is_off_by_default(settings):
        text = f"A build writes these archives only if `{ENABLE}` is `true`"
        fix = "remove `enable-by-default` from the hook's table if every build should"
        yield NOT_ENABLED.at(place, text, fix, severity="note")
    elif not is_declared(settings):
        header = dotted_key(settings.place("hooks", PLUGIN_NAME).key)
        where = f" to `{HATCH_TOML}`" if settings.file == HATCH_TOML else ""
        text = "Only `hatch-mar build` and `hatch build -t mar` write these archives"
        yield NOT_ENABLED.at(place, text, f"add `[{header}]`{where}")


def is_declared(settings: HatchSettings) -> bool:
    """Whether there is a table of the hook for sdists or wheels, which `hatch build` builds."""
    return any(True for _ in find_declared(settings))


def is_off_by_default(settings: HatchSettings) -> bool:
    """Whether all such tables say that the hook is not enabled."""
    tables = [*find_declared(settings)]
    return bool(tables) and not any(table.get("enable-by-default", True) for table in tables)


def name_hatch_builders(settings: HatchSettings) -> str:
    """What builds the archives of a project that declares the hook, as a sentence."""
    if is_off_by_default(settings):
        return (
            f"`hatch build` builds the archives if `{ENABLE}` is `true`,"
            " since the hook is not enabled by default"
        )
    return "`hatch build` builds the archives"


def find_declared(settings: HatchSettings) -> Iterator[Mapping[str, Any]]:
    """The tables of the hook that count for sdists and wheels; a target's own replaces the one for all."""
    for target in ("sdist", "wheel"):
        for keys in (("targets", target, "hooks"), ("hooks",)):
            if PLUGIN_NAME in settings.table(*keys):
                yield settings.table(*keys, PLUGIN_NAME)
                break


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
