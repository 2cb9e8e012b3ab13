"""Reads the `[tool.mar]` table into the configuration of archives.

Faults are reported at once, each with its full key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place, Rule, dotted_key, field
from hatch_mar.names import name_fault
from hatch_mar.project.config import values
from hatch_mar.project.config.models import (
    MAR,
    PYPROJECT,
    TABLE,
    ArchiveConfig,
    Config,
    Origins,
    ProjectConfig,
    WorkflowConfig,
    directory_of,
    field_of,
    output_of,
)
from hatch_mar.project.config.reading import MOST_FAULTS, REQUIRED, VALUE, Fault, faults_in
from hatch_mar.project.config.schema import (
    ARCHIVE_KEYS,
    CHECKING_KEYS,
    HANDLERS,
    ONE_OF_TWO,
    PROJECT_KEYS,
    TABLES,
    UNLOCKED_KEYS,
    WORKFLOW_KEYS,
)
from hatch_mar.project.config.setting import Settings, read_settings

MISSING = Rule(
    code="MAR002",
    severity="error",
    title="The table `[tool.mar]` is missing",
    consequence="there is nothing to build",
    fix="declare an archive there, with at least its `handler`",
)
EXCLUSIVE = Rule(
    code="MAR006",
    severity="error",
    title="Two fields that exclude each other are both set",
    consequence="it is unclear which of them applies",
    fix="remove one of them",
)
CLASH = Rule(
    code="MAR007",
    severity="error",
    title="Two archives would be written to one file",
    consequence="the second would replace the first",
    fix="give one of them another `model-name`, `archive-name`, `archive-format` or `export-path`",
)


def parse_table(
    table: object, *, name: Callable[[], str], version: Callable[[], str], file: str | None = PYPROJECT
) -> tuple[Config, ...]:
    """The archives and workflows of a `[tool.mar]` table.

    Args:
        table: the value of `tool.mar`; None if it is not set.
        name: returns the project's name; called only if an archive does not set its own.
        version: returns the project's version; called only if an archive does not set its own.
        file: the file that the table was read from; None for a table that is about no project.

    Raises:
        ConfigError: with the faults of the table, all unless there are very many.
    """
    place = Place(file, None, MAR)
    if table is None:
        raise ConfigError(MISSING.at(place, f"Table `{TABLE}` is missing"))
    if not isinstance(table, dict):
        raise ConfigError(VALUE.at(place, f"{field(MAR)} must be a table", ""))

    findings: list[Finding] = []
    project = ProjectConfig()
    if file:
        own = {key: table[key] for key in table if key in PROJECT_KEYS}
        project = project_of(read_table(own, place, PROJECT_KEYS, findings))
        table = {key: value for key, value in table.items() if key not in PROJECT_KEYS}
    shared = {key: value for key, value in table.items() if key not in TABLES}
    others = (*TABLES, *(PROJECT_KEYS if file else ()))
    defaults = read_table(shared, place, ARCHIVE_KEYS, findings, others=others)
    archives = read_archives(table, place, defaults, findings, name)
    workflows = read_workflows(table, place, defaults, findings)
    raise_findings(name_archives(findings, [*archives, *workflows]))

    configs: list[tuple[Place, Config]] = [
        (draft.place, ArchiveConfig(**draft.settings(version))) for draft in archives
    ]
    configs += [(draft.place, WorkflowConfig(**draft.settings())) for draft in workflows]
    raise_findings(find_strange_names([config for _, config in configs]))
    raise_findings(find_clashes(configs))
    outputs = tuple(output_of(config) for _, config in configs if config.export_path)
    models = tuple(config.file_name for _, config in configs if isinstance(config, ArchiveConfig))
    layouts = tuple(sorted({destination.layout for destination in project.publish.values()}))
    return tuple(
        config._replace(outputs=outputs, remote_files=project.remote_files, layouts=layouts)
        if isinstance(config, ArchiveConfig)
        else config._replace(models=models, remote_files=project.remote_files)
        for _, config in configs
    )


def parse_project(table: Mapping[str, object], *, locked: bool = True) -> ProjectConfig:
    """What a `[tool.mar]` table says of the project, and not of its archives.

    Args:
        table: the value of `tool.mar`; an empty one if it is not set.
        locked: whether each remote file must have a digest.

    Raises:
        ConfigError: with the faults of these keys.
    """
    keys = PROJECT_KEYS if locked else UNLOCKED_KEYS
    findings: list[Finding] = []
    own = {key: table[key] for key in table if key in keys}
    found = read_table(own, Place(PYPROJECT, None, MAR), keys, findings)
    raise_findings(findings)
    return project_of(found)


def project_of(found: Mapping[str, Value]) -> ProjectConfig:
    return ProjectConfig(**{field_of(key): value.value for key, value in found.items()})


def raise_findings(findings: Iterator[Finding] | list[Finding]) -> None:
    if found := dict.fromkeys(islice(findings, MOST_FAULTS)):
        raise ConfigError(*found)


def name_archives(findings: list[Finding], drafts: list[Draft]) -> Iterator[Finding]:
    """The findings, each with the archives it is about: that of its table, or all that inherit a default."""
    for finding in findings:
        key = finding.place.key
        own = [draft.name for draft in drafts if key[: len(draft.place.key)] == draft.place.key]
        names = own or [draft.name for draft in drafts]
        yield finding._replace(archives=tuple(name for name in names if name))


class Value(NamedTuple):
    value: Any
    place: Place


class Draft(NamedTuple):
    """The values of one archive, including those it inherits."""

    place: Place
    values: dict[str, Value]

    @property
    def name(self) -> str | None:
        """The model's or workflow's, if it has a valid one."""
        named = self.values.get("model-name") or self.values.get("workflow-name")
        return named.value if named else None

    def settings(self, version: Callable[[], str] | None = None) -> dict[str, Any]:
        """The fields of an `ArchiveConfig` or `WorkflowConfig`; `version` is called if no version is set."""
        found = self.values
        if version and "version" not in found:
            found = found | {"version": Value(version(), self.place._replace(key=(*MAR, "version")))}
        settings = {field_of(key): value.value for key, value in found.items()}
        return settings | {"origins": Origins((key, value.place) for key, value in found.items())}


def read_archives(
    table: dict[str, Any],
    place: Place,
    defaults: dict[str, Value],
    findings: list[Finding],
    name: Callable[[], str],
) -> list[Draft]:
    """The archives of `[tool.mar]`; what is wrong with them is added to `findings`."""
    shared = table.keys() - TABLES.keys()
    if "archives" in table:
        tables = read_tables(table, "archives", place, findings)
    else:
        tables = [] if "workflows" in table and shared <= {*CHECKING_KEYS} else [(place, {})]
    drafts: list[Draft] = []
    for found, own in tables:
        if len(findings) >= MOST_FAULTS:
            break
        draft = Draft(found, inherit(defaults, read_table(own, found, ARCHIVE_KEYS, findings)))
        if "model-name" not in draft.values and "model-name" not in shared | own.keys():
            findings += name_after_project(draft, name(), place.within("model-name"))
        if "handler" not in draft.values and "handler" not in shared | own.keys():
            findings.append(Fault(REQUIRED, ("handler",), f"is required: {HANDLERS}").at(found))
        drafts.append(draft)
    return drafts


def name_after_project(draft: Draft, name: str, place: Place) -> Iterator[Finding]:
    """Name an archive after the project, whose name may not be valid for a model."""
    draft.values["model-name"] = Value(name, place)
    try:
        values.model_name(name)
    except ValueError as error:
        text = f"must be set, since the project's own name {error}"
        yield Fault(REQUIRED, ("model-name",), text).at(draft.place)


def read_workflows(
    table: dict[str, Any], place: Place, defaults: dict[str, Value], findings: list[Finding]
) -> list[Draft]:
    if "workflows" not in table:
        return []
    inherited = {key: value for key, value in defaults.items() if key in CHECKING_KEYS}
    tables = read_tables(table, "workflows", place, findings)
    return [
        Draft(found, inherited | read_table(own, found, WORKFLOW_KEYS, findings)) for found, own in tables
    ]


def read_tables(
    table: dict[str, Any], key: str, place: Place, findings: list[Finding]
) -> list[tuple[Place, dict[str, Any]]]:
    """Each table of an array and its place."""
    place = place.within(key)
    try:
        tables = TABLES[key].read(table[key])
    except ValueError as error:
        findings += [fault.at(place) for fault in faults_in(error)]
        return []
    found = [(place.within(number), table) for number, table in enumerate(tables)]
    findings += [
        Fault(VALUE, (), "must be a table").at(item) for item, table in found if not isinstance(table, dict)
    ]
    return [(item, table) for item, table in found if isinstance(table, dict)]


def read_table(
    table: Mapping[str, Any],
    place: Place,
    keys: Settings,
    findings: list[Finding],
    *,
    others: tuple[str, ...] = (),
) -> dict[str, Value]:
    """The valid values of a table; what is wrong with the others is added to `findings`."""
    found, faults = read_settings(table, keys, others=others)
    findings += [fault.at(place) for fault in faults]
    for one, other in ONE_OF_TWO:
        if one in table and other in table:
            names = f"`{dotted_key((*place.key, one))}` and `{dotted_key((*place.key, other))}`"
            findings.append(EXCLUSIVE.at(place.within(other), f"Fields {names} cannot both be set", ""))
    return {key: Value(value, place.within(key)) for key, value in found.items()}


def inherit(defaults: dict[str, Value], own: dict[str, Value]) -> dict[str, Value]:
    """An archive's values over the defaults; one key of an exclusive pair drops an inherited other."""
    replaced = {other for pair in ONE_OF_TWO for key, other in (pair, pair[::-1]) if key in own}
    return {key: value for key, value in defaults.items() if key not in replaced} | own


def find_strange_names(configs: list[Config]) -> Iterator[Finding]:
    """File and folder names that filling in `{version}` makes invalid."""
    for config in configs:
        if isinstance(config, WorkflowConfig):
            continue
        for key, name in (("archive-name", config.file_name), ("archive-root", config.root)):
            if "/" in name or name.startswith("..") or name_fault(name.removeprefix(".") or "-"):
                text = f"must give the name of one file or folder, not `{name}`"
                yield Fault(VALUE, (), text).at(config.origins[key])


def find_clashes(configs: list[tuple[Place, Config]]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Place] = {}
    for place, config in configs:
        other = first.setdefault((directory_of(config), config.file_name.casefold()), place)
        if other != place:
            tables = f"`{dotted_key(other.key)}` and `{dotted_key(place.key)}`"
            yield CLASH.at(place, f"Fields {tables} both write `{config.file_name}`")
