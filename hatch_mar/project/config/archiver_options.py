"""torch-model-archiver's command line, read into the configuration of an archive."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import Any

from hatch_mar.archive.formats import FORMATS
from hatch_mar.errors import ConfigError
from hatch_mar.finding import Finding, Place
from hatch_mar.project.config import values
from hatch_mar.project.config.models import ArchiveConfig, Origins
from hatch_mar.project.config.reading import faults_in


def extra_files(value: object) -> tuple[str, ...]:
    """The paths between commas, of which one too many is nothing to torch-model-archiver."""
    return values.paths([path for path in map(str.strip, str(value).split(",")) if path])


READERS = {
    "model_name": values.model_name,
    "handler": values.handler,
    "extra_files": extra_files,
}
"""How an option is read where its string is not taken as it is."""


def add_options(command: ArgumentParser) -> ArgumentParser:
    """The options of torch-model-archiver 0.12 (model_archiver/arg_parser.py), spelled as there."""
    add = command.add_argument
    add("--model-name", required=True, help="the model's name, and the file's without its suffix")
    add("--serialized-file", help="the weights: a state_dict, or TorchScript, or .onnx")
    add("--model-file", help="the Python file with the eager model's one class")
    add("--handler", required=True, help="a built-in handler, or path/to/handler.py[:function]")
    add("--extra-files", help="more files and directories, separated by commas; globs work")
    add("--runtime", default="python", choices=["python", "python3", "LSP"], help="what runs the handler")
    add("--export-path", help="the directory to write to; the working directory by default")
    add("--archive-format", default="default", choices=list(FORMATS), help=".mar, .tar.gz or a directory")
    add("-f", "--force", action="store_true", help="overwrite an archive of the same name")
    add("-v", "--version", required=True, help="the model's version")
    add("-r", "--requirements-file", help="the model's requirements.txt")
    add("-c", "--config-file", help="the model's configuration, in YAML")
    return command


def configured(options: Namespace) -> ArchiveConfig:
    """The archive that a command line describes.

    Raises:
        ConfigError: an option's value is at fault.
    """
    settings: dict[str, Any] = {"version": ""}
    origins = Origins()
    faults: list[Finding] = []
    for name, value in vars(options).items():
        if name == "export_path" or (not value and name not in ("model_name", "handler")):
            continue
        option = f"--{name.replace('_', '-')}"
        origins[option[2:]] = place = Place(None, None, (option,))
        try:
            settings[name] = READERS[name](posix(value)) if name in READERS else posix(value)
        except ValueError as error:
            faults += [fault._replace(path=()).at(place) for fault in faults_in(error)]
    if faults:
        raise ConfigError(*faults)
    return ArchiveConfig(**settings, origins=origins)


def posix(value: object) -> object:
    r"""A command line of Windows separates folders with `\`."""
    return value.replace("\\", "/") if os.sep == "\\" and isinstance(value, str) else value
