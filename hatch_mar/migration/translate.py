"""A call of torch-model-archiver, turned into the table of `[tool.mar]` that builds the same archive."""

from __future__ import annotations

import glob
import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from hatch_mar.errors import ConfigError
from hatch_mar.finding import Place
from hatch_mar.migration.call import WORKFLOW_ARCHIVER, Call
from hatch_mar.project.config import values
from hatch_mar.project.config.archiver_options import (
    add_options,
    add_workflow_options,
    read_options,
    read_workflow_options,
)
from hatch_mar.project.config.models import Config, WorkflowConfig
from hatch_mar.project.config.reading import VALUE, Fault
from hatch_mar.project.edit import Table
from hatch_mar.torchserve import runtimes
from hatch_mar.torchserve.handlers import ARCHIVER_BUILT_INS, parse

NAME_BEGINS_WITH_DIGIT = "MAR009"
"""The rule of `checks` that refuses in `[tool.mar]` what torch-model-archiver packs and TorchServe serves."""


def read_call(call: Call) -> tuple[Config, Namespace]:
    """What a call asks for, and its options. As in the tool, wrong usage and `--help` end the process.

    Raises:
        ConfigError: an option has a value that the tool refuses too.
    """
    command = ArgumentParser(prog=call.tool)
    if call.tool == WORKFLOW_ARCHIVER:
        options = add_workflow_options(command).parse_args(call.arguments)
        return read_workflow_options(options), options
    options = add_options(command).parse_args(call.arguments)
    return read_options(options), options


def table_of(call: Call, root: Path) -> Table:
    """The table that builds, in a project at `root`, what a call packs."""
    config, options = read_call(call)
    relocate = Relocation(Path(call.directory), root)
    export_path = options.export_path and relocate.path(options.export_path)
    if isinstance(config, WorkflowConfig):
        found = {
            "workflow-name": check("--workflow-name", values.workflow_name, config.workflow_name),
            "spec-file": relocate.path(config.spec_file),
            "handler": config.handler and relocate.path(config.handler),
            "extra-files": [relocate.path(path) for path in config.extra_files],
            "export-path": export_path,
        }
    else:
        found = {
            "model-name": config.model_name,
            "version": check("--version", values.version, config.version),
            "handler": relocate.handler(config.handler, config.runtime),
            "model-file": relocate.file(config.model_file, "--model-file"),
            "serialized-file": relocate.file(next(iter(config.serialized_files), None), "--serialized-file"),
            "extra-files": [relocate.pattern(path) for path in config.extra_files],
            "requirements-file": relocate.file(config.requirements_file, "--requirements-file"),
            "config-file": relocate.file(config.config_file, "--config-file"),
            "runtime": config.runtime if config.runtime != runtimes.DEFAULT else None,
            "export-path": export_path,
            "archive-format": config.archive_format if config.archive_format != "default" else None,
            "ignore": [NAME_BEGINS_WITH_DIGIT] if config.model_name[0].isdigit() else None,
        }
    return {key: value for key, value in found.items() if value}


def target_of(call: Call) -> Path:
    config, options = read_call(call)
    return Path(os.path.realpath(os.path.join(call.directory, options.export_path or ".", config.file_name)))


def check(option: str, reader: Callable[[object], str], value: str) -> str:
    """An option's value, which its key must be able to have too."""
    try:
        return reader(value)
    except ValueError as error:
        raise invalid(option, str(error)) from None


def invalid(option: str, text: str) -> ConfigError:
    return ConfigError(Fault(VALUE, (), text).at(Place(None, None, (option,))))


class Relocation(NamedTuple):
    """Makes paths that are relative to `directory` relative to `root`."""

    directory: Path
    root: Path

    def path(self, path: str) -> str:
        joined = os.path.join(self.directory, path)
        plain = os.path.normpath(joined)
        real = os.path.realpath(joined)
        if not os.path.isdir(real):  # a file's own name counts
            real = os.path.join(os.path.realpath(os.path.dirname(joined)), os.path.basename(joined))
        moved = os.path.exists(joined) and not (os.path.exists(plain) and os.path.samefile(joined, plain))
        if moved or (Path(real).is_relative_to(self.root) and not Path(plain).is_relative_to(self.root)):
            # `..` behind a link is not where it seems to be, and a link may lead into the project
            plain = real
        try:
            relative = os.path.relpath(plain, self.root)
        except ValueError:  # another drive
            relative = plain
        away = relative.split(os.sep)[0] == os.pardir and os.path.isabs(path)
        return PurePath(plain if away else relative).as_posix()

    def file(self, path: str | None, option: str) -> str | None:
        if path is None:
            return None
        if glob.has_magic(path) and not (self.directory / path).exists():
            raise invalid(option, f"must name one file, not a pattern: `{path}`")
        return self.path(path)

    def pattern(self, path: str) -> str:
        """An extra file, or several; to torch-model-archiver, `**` means no more than `*`."""
        folder = "/" if path.endswith("/") else ""
        return re.sub(r"\*\*+", "*", self.path(path)) + folder

    def handler(self, text: str, runtime: str) -> str:
        path, colon, function = text.partition(":")
        is_file = (self.directory / f"{path}.py").is_file() and path not in ARCHIVER_BUILT_INS
        if parse(text, self.directory, runtime).file is None and not is_file:
            return text
        moved = self.path(path) + colon + function
        # a bare name could mean a built-in handler or a module
        return moved if parse(moved, self.root, runtime).file else f"./{moved}"


def paths_outside(table: Table) -> Iterator[tuple[str, str]]:
    """The paths that a checkout of the project does not have, each with its key."""
    for key, value in table.items():
        if key in ("handler", "extra-files", "export-path") or key.endswith("-file"):
            for path in [value] if isinstance(value, str) else value:
                if path.startswith("../") or os.path.isabs(path):
                    yield key, path
