"""`[tool.mar]` tables, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from hatch_mar.errors import ConfigError
from hatch_mar.project.config.models import ArchiveConfig, Config, Origins
from hatch_mar.project.config.table import parse_table

LEAST = {"handler": "base_handler"}


NAME_RULE = (
    "must begin with a letter, followed by letters, digits, `_`, `-` and `.` (never two dots in a row)"
)


HANDLER_FORMS = "a built-in handler such as `base_handler`, `path/to/handler.py` or `package.module`"


def archives(table: object, *, name: str = "digits", version: str = "1.2.3") -> tuple[Config, ...]:
    return parse_table(table, name=lambda: name, version=lambda: version)


def plain(configs: tuple[Config, ...]) -> list[Config]:
    """The archives whatever key set what."""
    return [config._replace(origins=Origins()) for config in configs]


def archive(name: str = "digits", **settings: Any) -> ArchiveConfig:
    """The one archive of a table with `settings`, `_` for `-`, and what it needs."""
    table = {key.replace("_", "-"): value for key, value in settings.items()}
    [config] = archives(LEAST | table, name=name)
    return config


def faults(table: object, *, name: str = "digits") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as error:
        archives(table, name=name)
    return tuple(finding.text for finding in error.value.findings)


def faults_of(key: str, value: object) -> tuple[str, ...]:
    return faults(LEAST | {key: value})


def not_string(key: str) -> tuple[str, ...]:
    return (f"Field `tool.mar.{key}` must be a string",)


def empty(key: str) -> tuple[str, ...]:
    return (f"Field `tool.mar.{key}` must not be empty",)
