"""The command lines of torch-model-archiver and torch-workflow-archiver, read into configurations."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place
from hatch_mar.project.config import values
from hatch_mar.project.config.models import ArchiveConfig, Origins, WorkflowConfig
from hatch_mar.project.config.reading import Reader, faults_in
from hatch_mar.project.config.schema import ARCHIVE_KEYS, WORKFLOW_KEYS
from hatch_mar.project.config.setting import Settings
from hatch_mar.torchserve import runtimes

Readers = Mapping[str, Reader]

OVERWRITE = "overwrite an archive of the same name"


def add_options(command: ArgumentParser) -> ArgumentParser:
    """The options of torch-model-archiver 0.12 (model_archiver/arg_parser.py), spelled as there."""
    add = partial(add_option, command, ARCHIVE_KEYS)
    add("--model-name", required=True)
    add("--serialized-file")
    add("--model-file")
    add("--handler", required=True)
    add("--extra-files", more=", separated by commas")
    add("--runtime", default=runtimes.DEFAULT, choices=runtimes.KNOWN)
    add("--export-path", more="; the working directory by default")
    add("--archive-format", default="default", choices=list(FORMATS))
    command.add_argument("-f", "--force", action="store_true", help=OVERWRITE)
    add("-v", "--version", required=True)
    add("-r", "--requirements-file")
    add("-c", "--config-file")
    return command


def add_workflow_options(command: ArgumentParser) -> ArgumentParser:
    """The options of torch-workflow-archiver 0.2.15 (workflow_archiver/arg_parser.py), spelled as there."""
    add = partial(add_option, command, WORKFLOW_KEYS)
    add("--workflow-name", required=True)
    add("--spec-file", required=True)
    add("--handler")
    add("--export-path", more="; the working directory by default")
    command.add_argument("-f", "--force", action="store_true", help=OVERWRITE)
    add("--extra-files", more=", separated by commas")
    return command


def add_option(command: ArgumentParser, keys: Settings, *flags: str, more: str = "", **settings: Any) -> None:
    """An option whose help says what the key of its name means, and more."""
    summary = keys[flags[-1].removeprefix("--")].summary.replace("`", "")
    command.add_argument(*flags, help=f"{summary[0].lower()}{summary[1:]}{more}", **settings)


def read_options(options: Namespace) -> ArchiveConfig:
    """The archive that a command line of torch-model-archiver describes."""
    readers: Readers = {
        "model_name": values.model_name,
        "handler": values.handler,
        "extra_files": extra_files,
    }
    return ArchiveConfig(**{"version": ""} | settings_of(options, readers))


def read_workflow_options(options: Namespace) -> WorkflowConfig:
    """The workflow that a command line of torch-workflow-archiver describes."""
    readers: Readers = {
        "workflow_name": values.model_name,
        "spec_file": values.path,
        "extra_files": extra_files,
    }
    return WorkflowConfig(**settings_of(options, readers))


def settings_of(options: Namespace, readers: Readers) -> dict[str, Any]:
    """The options that are set, each read by its reader if it has one."""
    settings: dict[str, Any] = {}
    origins = Origins()
    faults: list[Finding] = []
    for name, value in vars(options).items():
        if name == "export_path" or (not value and name not in readers) or value is None:
            continue
        option = f"--{name.replace('_', '-')}"
        origins[option[2:]] = place = Place(None, None, (option,))
        try:
            settings[name] = readers[name](posix(value)) if name in readers else posix(value)
        except ValueError as error:
            faults += [fault._replace(path=()).at(place) for fault in faults_in(error)]
    if faults:
        raise ConfigError(*faults)
    return settings | {"origins": origins}


def extra_files(value: object) -> tuple[str, ...]:
    """The paths between commas; torch-model-archiver ignores an empty one."""
    return values.paths([path for path in map(str.strip, str(value).split(",")) if path])


def posix(value: object) -> object:
    r"""A value with `/` between folders, where a Windows command line has `\`."""
    return value.replace("\\", "/") if os.sep == "\\" and isinstance(value, str) else value
