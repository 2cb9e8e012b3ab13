"""The command lines of torch-model-archiver and torch-workflow-archiver, read into configurations."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any

from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place
from hatch_mar.project.config import values
from hatch_mar.project.config.models import ArchiveConfig, Origins, WorkflowConfig
from hatch_mar.project.config.reading import faults_in
from hatch_mar.torchserve import runtimes


def add_options(command: ArgumentParser) -> ArgumentParser:
    """The options of torch-model-archiver 0.12 (model_archiver/arg_parser.py), spelled as there."""
    add = command.add_argument
    add("--model-name", required=True, help="the model's name, and the file's without its suffix")
    add("--serialized-file", help="the weights: a state_dict, or TorchScript, or .onnx")
    add("--model-file", help="the Python file with the eager model's one class")
    add("--handler", required=True, help="a built-in handler, or path/to/handler.py[:function]")
    add("--extra-files", help="more files and directories, separated by commas; globs work")
    add("--runtime", default=runtimes.DEFAULT, choices=runtimes.KNOWN, help="what runs the handler")
    add("--export-path", help="the directory to write to; the working directory by default")
    add("--archive-format", default="default", choices=list(FORMATS), help=".mar, .tar.gz or a directory")
    add("-f", "--force", action="store_true", help="overwrite an archive of the same name")
    add("-v", "--version", required=True, help="the model's version")
    add("-r", "--requirements-file", help="the model's requirements.txt")
    add("-c", "--config-file", help="the model's configuration, in YAML")
    return command


def add_workflow_options(command: ArgumentParser) -> ArgumentParser:
    """The options of torch-workflow-archiver 0.2.15 (workflow_archiver/arg_parser.py), spelled as there."""
    add = command.add_argument
    add("--workflow-name", required=True, help="the workflow's name, and the file's without its suffix")
    add("--spec-file", required=True, help="the workflow's specification, in YAML")
    add("--handler", help="the Python file with the workflow's functions")
    add("--export-path", help="the directory to write to; the working directory by default")
    add("-f", "--force", action="store_true", help="overwrite an archive of the same name")
    add("--extra-files", help="more files, separated by commas")
    return command


def read_options(options: Namespace) -> ArchiveConfig:
    """The archive that a command line of torch-model-archiver describes."""
    readers = {"model_name": values.model_name, "handler": values.handler, "extra_files": extra_files}
    return ArchiveConfig(**{"version": ""} | settings_of(options, readers))


def read_workflow_options(options: Namespace) -> WorkflowConfig:
    """The workflow that a command line of torch-workflow-archiver describes."""
    readers = {"workflow_name": values.model_name, "spec_file": values.path, "extra_files": extra_files}
    return WorkflowConfig(**settings_of(options, readers))


def settings_of(options: Namespace, readers: Mapping[str, Callable[[object], Any]]) -> dict[str, Any]:
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
