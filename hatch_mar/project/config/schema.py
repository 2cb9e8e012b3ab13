"""The `[tool.mar]` table, read into the configuration of archives.

Every table is read to its end: all its faults are reported at once, each with its full key.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hatch_mar.archive.formats import FORMATS
from hatch_mar.archive.manifest import RUNTIMES
from hatch_mar.errors import ConfigError
from hatch_mar.names import unsafe
from hatch_mar.project.config import values
from hatch_mar.project.config.models import (
    TABLE,
    ArchiveConfig,
    Config,
    Origins,
    WorkflowConfig,
    directory_of,
)

Reader = Callable[[object], Any]

ARCHIVE_KEYS: Mapping[str, Reader] = {
    "model-name": values.model_name,
    "version": values.version,
    "handler": values.handler,
    "model-file": values.path,
    "serialized-file": values.path,
    "extra-files": values.paths_or_commas,
    "packages": values.paths,
    "include-project": values.boolean,
    "force-include": values.targets,
    "exclude": values.patterns,
    "requirements-file": values.path,
    "requirements-from": values.requirements_sources,
    "config-file": values.path,
    "config": values.model_config,
    "runtime": values.one_of(*RUNTIMES),
    "export-path": values.path,
    "archive-name": values.archive_name,
    "archive-format": values.one_of(*FORMATS),
    "archive-root": values.archive_root,
    "compression": values.one_of("auto", "store", "deflate"),
    "force": values.boolean,
    "ignore": values.codes,
    "allow-globals": values.patterns,
    "try": values.boolean,
    "examples": values.examples,
}
"""Every key of an archive, and how it is read."""

WORKFLOW_KEYS: Mapping[str, Reader] = {
    "workflow-name": values.model_name,
    "spec-file": values.path,
    "handler": values.path,
    "extra-files": values.paths_or_commas,
    "export-path": values.path,
    "force": values.boolean,
}
"""Every key of a workflow: the options of torch-workflow-archiver."""

EITHER_OR = (("requirements-file", "requirements-from"), ("config-file", "config"))
"""Keys that answer one question, so that only one of each may be set."""


def load(table: object, *, name: Callable[[], str], version: Callable[[], str]) -> tuple[Config, ...]:
    """The archives and workflows of a `[tool.mar]` table.

    `name` and `version` give the project's, and are called only where an archive does not
    set its own.

    Raises:
        ConfigError: with all faults of the table.
    """
    if table is None:
        raise ConfigError(f"Table `{TABLE}` is missing; declare an archive there, at the least its `handler`")
    if not isinstance(table, dict):
        raise ConfigError(f"Field `{TABLE}` must be a table")

    faults: list[str] = []
    drafts = archive_drafts(table, faults, name)
    workflows = workflow_drafts(table, faults)
    if faults:
        raise ConfigError(*dict.fromkeys(faults))

    configs: list[tuple[str, Config]] = [(draft.prefix, draft.archive(version)) for draft in drafts]
    configs += [(draft.prefix, draft.workflow()) for draft in workflows]
    refuse_strange_names(configs)
    refuse_clashes(configs)
    return tuple(config for _, config in configs)


class Value(NamedTuple):
    """A valid value and the key that set it."""

    value: Any
    key: str


@dataclass(frozen=True)
class Draft:
    """The values of one archive, its own and those it inherits."""

    prefix: str
    values: dict[str, Value]

    def archive(self, version: Callable[[], str]) -> ArchiveConfig:
        defaults = {} if "version" in self.values else {"version": Value(version(), f"{TABLE}.version")}
        return ArchiveConfig(**self.settings(defaults))

    def workflow(self) -> WorkflowConfig:
        return WorkflowConfig(**self.settings({}))

    def settings(self, defaults: dict[str, Value]) -> dict[str, Any]:
        found = self.values | defaults
        settings = {attribute(key): value.value for key, value in found.items()}
        return settings | {"origins": Origins((key, f"Field `{value.key}`") for key, value in found.items())}


def attribute(key: str) -> str:
    """A key as Python spells it."""
    name = key.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def archive_drafts(table: dict[str, Any], faults: list[str], name: Callable[[], str]) -> list[Draft]:
    shared = {key: value for key, value in table.items() if key not in ("archives", "workflows")}
    defaults = read_table(shared, TABLE, ARCHIVE_KEYS, faults, more=("archives", "workflows"))
    if "archives" in table:
        tables = subtables(table["archives"], f"{TABLE}.archives", faults)
    else:
        tables = [] if "workflows" in table and not shared else [(TABLE, {})]
    drafts = []
    for prefix, own in tables:
        values = merged(defaults, read_table(own, prefix, ARCHIVE_KEYS, faults))
        if "model-name" not in values and "model-name" not in (shared | own):
            values["model-name"] = Value(name(), f"{TABLE}.model-name")
            if fault := fault_in_name(values["model-name"].value):
                faults.append(
                    f"Field `{prefix}.model-name` must be set, since the project's own name {fault}"
                )
        if "handler" not in values and "handler" not in (shared | own):
            faults.append(
                f"Field `{prefix}.handler` is required: a built-in handler such as `base_handler`,"
                " `path/to/handler.py` or `package.module`"
            )
        drafts.append(Draft(prefix, values))
    return drafts


def workflow_drafts(table: dict[str, Any], faults: list[str]) -> list[Draft]:
    if "workflows" not in table:
        return []
    drafts = []
    for prefix, own in subtables(table["workflows"], f"{TABLE}.workflows", faults):
        faults += [
            f"Field `{prefix}.{key}` is required" for key in ("workflow-name", "spec-file") if key not in own
        ]
        drafts.append(Draft(prefix, read_table(own, prefix, WORKFLOW_KEYS, faults)))
    return drafts


def subtables(tables: object, key: str, faults: list[str]) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(tables, list) or not tables:
        faults.append(f"Field `{key}` must be an array of tables, with one at the least")
        return []
    faults += [
        f"Field `{key}[{n}]` must be a table" for n, table in enumerate(tables) if not isinstance(table, dict)
    ]
    return [(f"{key}[{n}]", table) for n, table in enumerate(tables) if isinstance(table, dict)]


def read_table(
    table: Mapping[str, Any],
    prefix: str,
    keys: Mapping[str, Reader],
    faults: list[str],
    more: tuple[str, ...] = (),
) -> dict[str, Value]:
    """The valid values of a table; what is wrong with the others is added to `faults`."""
    found = {}
    for key, raw in table.items():
        read = keys.get(key)
        if read is None:
            faults.append(f"Unknown field `{prefix}.{key}`{suggestion(key, (*keys, *more))}")
            continue
        try:
            found[key] = Value(read(raw), f"{prefix}.{key}")
        except ValueError as error:
            faults.append(f"Field `{prefix}.{key}` {error}")
    for one, other in EITHER_OR:
        if one in table and other in table:
            faults.append(f"Fields `{prefix}.{one}` and `{prefix}.{other}` cannot both be set")
    return found


def merged(defaults: dict[str, Value], own: dict[str, Value]) -> dict[str, Value]:
    """An archive's own values over the defaults; one of an either-or pair replaces the other too."""
    replaced = {other for pair in EITHER_OR for key, other in (pair, pair[::-1]) if key in own}
    return {key: value for key, value in defaults.items() if key not in replaced} | own


def fault_in_name(name: str) -> str | None:
    try:
        values.model_name(name)
    except ValueError as error:
        return str(error)
    return None


def refuse_strange_names(configs: list[tuple[str, Config]]) -> None:
    """What `{version}` stands for may not be fit for a file's name."""
    faults = []
    for _, config in configs:
        if isinstance(config, WorkflowConfig):
            continue
        for key, name in (("archive-name", config.file_name), ("archive-root", config.root)):
            if "/" in name or name.startswith("..") or unsafe(name.removeprefix(".") or "-"):
                faults.append(f"{config.origins[key]} must give the name of one file or folder, not `{name}`")
    if faults:
        raise ConfigError(*dict.fromkeys(faults))


def refuse_clashes(configs: list[tuple[str, Config]]) -> None:
    first: dict[tuple[str, str], str] = {}
    faults = []
    for prefix, config in configs:
        other = first.setdefault((directory_of(config), config.file_name.casefold()), prefix)
        if other != prefix:
            faults.append(
                f"Fields `{other}` and `{prefix}` both write `{config.file_name}`;"
                " give one another `model-name`, `archive-name`, `archive-format` or `export-path`"
            )
    if faults:
        raise ConfigError(*faults)


def suggestion(word: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(word.replace("_", "-").lower(), known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
