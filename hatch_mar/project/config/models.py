"""The configuration of archives and workflows, with defaults filled in."""

from __future__ import annotations

import keyword
import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hatch_mar.archive.formats.format import FORMATS, WORKFLOW, Format
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place, dotted_key
from hatch_mar.text import did_you_mean
from hatch_mar.torchserve import runtimes, suffixes
from hatch_mar.torchserve.consumers import DEFAULT_CONSUMERS

PYPROJECT = "pyproject.toml"
MAR = ("tool", "mar")
TABLE = dotted_key(MAR)


def field_of(key: str) -> str:
    """The field of a configuration that has a key's value: `model_name` for `model-name`."""
    name = key.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


class Origins(dict[str, Place]):
    """Where each key was set, or would be set if it is not."""

    def __missing__(self, key: str) -> Place:
        return Place(PYPROJECT, None, (*MAR, key))


class ArchiveConfig(NamedTuple):
    """One archive of `[tool.mar]`; paths are relative to the project."""

    model_name: str
    version: str
    handler: str
    model_file: str | None = None
    serialized_file: str | tuple[str, ...] | None = None
    """A path, or one and then paths and patterns of other files that belong to it, such as shards."""
    extra_files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    include_project: bool = False
    force_include: Mapping[str, str] = {}
    exclude: tuple[str, ...] = ()
    requirements_file: str | None = None
    requirements_from: tuple[str, ...] = ()
    config_file: str | None = None
    config: Mapping[str, Any] | None = None
    runtime: str = runtimes.DEFAULT
    export_path: str | None = None
    archive_name: str = "{model-name}"
    archive_format: str = "default"
    archive_root: str = "{model-name}"
    compression: str = "auto"
    force: bool = True
    ignore: tuple[str, ...] = ()
    allow_globals: tuple[str, ...] = ()
    server_packages: tuple[str, ...] = ()
    consumers: tuple[str, ...] = DEFAULT_CONSUMERS
    try_: bool = False
    examples: tuple[Example, ...] = ()
    outputs: tuple[str, ...] = ()
    """The paths of the project's archives that have an `export-path`, which no archive picks up again."""
    remote_files: tuple[RemoteFile, ...] = ()
    """All of the project's, of which the archive may need some."""
    layouts: tuple[str, ...] = ()
    """Those of the project's destinations, which name or pack an archive as a consumer needs it."""
    origins: Origins = Origins()

    @property
    def name(self) -> str:
        return self.model_name

    @property
    def serialized_files(self) -> tuple[str, ...]:
        """The weights, of which the manifest names the first, and all others may be patterns."""
        found = self.serialized_file
        return found if isinstance(found, tuple) else (found,) if found else ()

    @property
    def models(self) -> tuple[str, ...]:
        return ()

    @property
    def format(self) -> Format:
        return FORMATS[self.archive_format]

    @property
    def file_name(self) -> str:
        return self.fill_in(self.archive_name) + self.format.suffix

    @property
    def root(self) -> str:
        """The folder inside a `tgz`."""
        return self.fill_in(self.archive_root)

    def fill_in(self, template: str) -> str:
        return template.replace("{model-name}", self.model_name).replace("{version}", self.version)


class WorkflowConfig(NamedTuple):
    """One workflow of `[[tool.mar.workflows]]`."""

    workflow_name: str
    spec_file: str
    handler: str | None = None
    extra_files: tuple[str, ...] = ()
    export_path: str | None = None
    force: bool = True
    ignore: tuple[str, ...] = ()
    allow_globals: tuple[str, ...] = ()
    server_packages: tuple[str, ...] = ()
    consumers: tuple[str, ...] = DEFAULT_CONSUMERS
    models: tuple[str, ...] = ()
    """The file names of the project's models, any of which it may use."""
    remote_files: tuple[RemoteFile, ...] = ()
    """All of the project's, of which the archive may need some."""
    origins: Origins = Origins()

    @property
    def name(self) -> str:
        return self.workflow_name

    @property
    def file_name(self) -> str:
        return self.workflow_name + self.format.suffix

    @property
    def format(self) -> Format:
        return WORKFLOW

    @property
    def layouts(self) -> tuple[str, ...]:
        return ()

    @property
    def compression(self) -> str:
        return "auto"

    @property
    def root(self) -> str:
        return ""


Config = ArchiveConfig | WorkflowConfig


def path_of(config: Config, root: Path, directory: Path, output: Path | None = None) -> Path:
    """The path that a build of the project at `root` into `directory` writes.

    `output` is a directory that the user asks for, which wins over `export-path`.
    """
    if output:
        return output / config.file_name
    if not config.export_path:
        return directory / config.file_name
    # without `..`, so that it is the path under which others see the archive
    return Path(os.path.normpath(root / config.export_path)) / config.file_name


def by_name(configs: tuple[Config, ...]) -> dict[str, Config]:
    """The archives by their shortest unambiguous name.

    That is the name of the model or workflow, the file name, or the file name with its directory.
    """
    taken = Counter(name for config in configs for name in set(names_of(config)))
    return {next(name for name in names_of(config) if taken[name] == 1): config for config in configs}


def select(configs: tuple[Config, ...], names: Sequence[str] = ()) -> list[Config]:
    archives = by_name(configs)
    if unknown := [name for name in names if name not in archives]:
        raise ConfigError(*(unknown_archive(name, archives) for name in unknown))
    return [archives[name] for name in dict.fromkeys(names) or archives]


def unknown_archive(name: str, known: Iterable[str]) -> str:
    listed = ", ".join(f"`{each}`" for each in known)
    question = did_you_mean(name, known)
    if "/" in name or name.endswith(suffixes.ARCHIVES):
        advice = question or f"it has {listed}"
        return f"File not found: `{name}`, and no archive of the project has that name; {advice}"
    return f"Unknown archive `{name}`; {question or f'the project has {listed}'}"


def names_of(config: Config) -> tuple[str, str, str]:
    return config.name, config.file_name, output_of(config)


def output_of(config: Config) -> str:
    return f"{directory_of(config)}/{config.file_name}"


def directory_of(config: Config) -> str:
    return posixpath.normpath(config.export_path or ".")


TOLERANCE = 1e-4


class Example(NamedTuple):
    """A request and its expected answer, for trying an archive."""

    input: Any
    """The path of a file, as a string, or JSON."""
    content_type: str | None = None
    """By default, derived from the input's type or suffix."""
    expect: Any = None
    """The path of a file, as a string, or JSON; None if any answer is accepted."""
    expect_schema: Any = None
    """A JSON Schema for the answer: the path of a file, as a string, or a table."""
    tolerance: float = TOLERANCE
    """The accepted difference of a number in the answer, relative or absolute."""


class RemoteFile(NamedTuple):
    """A file of the project that `hatch-mar fetch` downloads; its path is relative to the project."""

    path: str
    url: str
    sha256: str | None = None
    """In hexadecimal; None only while `hatch-mar fetch --lock` is to find it out."""


LAYOUTS = ("flat", "kserve", "vertex", "sagemaker")
"""What a published archive may be called, and what lies beside it."""


class Destination(NamedTuple):
    """A place that `hatch-mar publish` knows by a name."""

    url: str
    """A URL, or a directory relative to the project; `{model-name}` and `{version}` are filled in."""
    layout: str = LAYOUTS[0]


class Deployment(NamedTuple):
    """The TorchServe that `hatch-mar deploy` rolls archives out to."""

    management: str | None = None
    """The URL of its management API."""
    inference: str | None = None
    """The URL of its inference API; by default on the same host, at port 8080."""
    url: str = "{file}"
    """What is registered: a file's name in its model store, or a URL."""
    workers: int | None = None
    """By default as many as the version has that is replaced."""
    keep: int = 0
    """The old versions that stay registered."""
    drain: float = 1.0
    """Seconds for which an old version must have had no request waiting before it is removed."""
    timeout: float = 300.0
    """Seconds for each step, such as starting the workers."""
    key_file: str | None = None
    """TorchServe's `key_file.json`, relative to the project."""


class ProjectConfig(NamedTuple):
    """What `[tool.mar]` says of the project, and not of its archives."""

    build_backend: str | None = None
    remote_files: tuple[RemoteFile, ...] = ()
    publish: Mapping[str, Destination] = {}
    deploy: Deployment = Deployment()
