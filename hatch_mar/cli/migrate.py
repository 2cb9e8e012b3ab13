"""`hatch-mar migrate`: torch-model-archiver commands as `[tool.mar]` tables."""

from __future__ import annotations

import glob
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NoReturn

from hatch_mar import shell
from hatch_mar.cli._parser import parser
from hatch_mar.errors import ConfigError
from hatch_mar.project.config import values
from hatch_mar.project.config.archiver_options import add_options, configured
from hatch_mar.project.config.schema import load
from hatch_mar.project.edit import Table, declare, to_toml
from hatch_mar.project.pyproject import PyProject
from hatch_mar.shell import ScriptError, Text
from hatch_mar.torchserve.handlers import BUILT_INS, parse

DESCRIPTION = """Turn torch-model-archiver commands into the [tool.mar] tables that build the same archives.
They come from shell scripts, Dockerfiles and YAML workflows, none of which is run, or from the
command line, after `--`. Commands without --export-path come to build to the build directory,
and an archive that exists is replaced, with --force or without."""
USAGE = """hatch-mar migrate [--write] [--project DIR] [--set NAME=VALUE] SCRIPT ...
       hatch-mar migrate [--write] [--project DIR] -- torch-model-archiver --model-name ..."""
EXAMPLE = """hatch-mar migrate scripts/archive.sh --write
  hatch-mar migrate -- torch-model-archiver --model-name digits -v 1.0 --handler image_classifier"""

TOOLS = (
    "torch-model-archiver",
    "torch-model-archiver.exe",
    "model_archiver.model_packaging",
    "model_packaging.py",
)
NAME_OPTION = "--model-n"
"""The shortest beginning of `--model-name` that is no other option's."""

SILENT = ("install", "uninstall", "echo", "printf")
"""What comes before the tool's name where it is not called."""

SETTABLE = re.compile(r"\$([A-Za-z0-9_]+)|\$\{([A-Za-z0-9_]+)\}")


def main(arguments: list[str]) -> int:
    command = parser("migrate", DESCRIPTION, EXAMPLE)
    command.usage = USAGE
    command.add_argument("scripts", nargs="*", metavar="SCRIPT", help="a file with such commands; - is stdin")
    command.add_argument("--write", action="store_true", help="add the tables to pyproject.toml")
    command.add_argument("--project", default=".", metavar="DIR", help="the project (default: here)")
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable that the scripts need"
    )
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = command.parse_args(arguments[:end])
    given = [Text(word) for word in arguments[end + 1 :]]
    if not options.scripts and not given:
        command.error("a SCRIPT is needed or, after `--`, a command")
    if unnamed := [setting for setting in options.set if "=" not in setting]:
        command.error(f"argument --set: expected NAME=VALUE: `{unnamed[0]}`")

    calls = [Call("", tuple(arguments_of(given) or given), Text(Path.cwd().as_posix()))] if given else []
    known = dict(setting.split("=", 1) for setting in options.set)
    for script in options.scripts:
        calls += calls_in(script, known)
    tables = tables_of(calls, Path(options.project).absolute())
    for table in tables:
        for path in outside(table):
            print(
                f"Note: archive `{table['model-name']}` takes `{path}` from outside the project",
                file=sys.stderr,
            )
    if options.write:
        print("\n".join(declare(PyProject(Path(options.project)), tables)))
    else:
        print(to_toml(tables), end="")
    return 0


@dataclass(frozen=True)
class Call:
    """torch-model-archiver, called."""

    place: str
    """`FILE:LINE: `, or nothing for what was given on the command line."""
    arguments: tuple[Text, ...]
    directory: Text

    def table(self, root: Path) -> Table:
        """The archive as a project at `root` declares it.

        Raises:
            ConfigError: the command is at fault, or does what no table can say.
        """
        if faults := [f"{self.place}{fault}" for fault in self.unknowns()]:
            raise ConfigError(*dict.fromkeys(faults))
        command = add_options(Usage(self.place))
        options = command.parse_args([argument.text for argument in self.arguments])
        try:
            return Translation(Path(self.directory.text), root).table(options)
        except ConfigError as error:
            raise ConfigError(*(f"{self.place}{fault}" for fault in error.faults)) from None

    def unknowns(self) -> Iterator[str]:
        for source in self.directory.unknown:
            yield f"the working directory depends on `{source}`, which is not known"
        for source in (source for argument in self.arguments for source in argument.unknown):
            name = SETTABLE.fullmatch(source)
            fix = f"give it with `--set {name[1] or name[2]}=...`" if name else "write what it stands for"
            yield f"`{source}` is not known; {fix}"


class Usage(ArgumentParser):
    """A parser of torch-model-archiver's options that says where they are wrong."""

    def __init__(self, place: str) -> None:
        super().__init__("torch-model-archiver")
        self.place = place

    def error(self, message: str) -> NoReturn:
        if self.place:
            raise ConfigError(f"{self.place}{message}")
        super().error(message)


def calls_in(script: str, known: dict[str, str]) -> list[Call]:
    """The calls of torch-model-archiver in a script.

    Raises:
        ConfigError: there are none, or it is no script.
    """
    try:
        text = sys.stdin.read() if script == "-" else Path(script).read_text(encoding="utf-8")
        found = shell.commands_in_file(script, text, Path.cwd().as_posix(), known, NAME_OPTION)
    except FileNotFoundError:
        raise ConfigError(f"File not found: `{script}`") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"Cannot read `{script}`: {error}") from None
    except ScriptError as error:
        raise ConfigError(f"{script}:{error.line}: {error}") from None
    calls = []
    for command in found:
        arguments = arguments_of(command.words)
        if arguments and not any(argument.text in ("-h", "--help") for argument in arguments):
            calls.append(Call(f"{script}:{command.line}: ", tuple(arguments), command.directory))
    if not calls:
        raise ConfigError(f"{script}: no torch-model-archiver command found")
    return calls


def arguments_of(words: Sequence[Text]) -> Sequence[Text] | None:
    """What follows the tool's name, which may stand behind `sudo`, `poetry run` and their like."""
    names = [PurePath(word.text).name for word in words]
    # in a makefile, a command that is not shown begins with `@`
    names[:1] = [names[0].lstrip("@-")] if names else []
    for number, name in enumerate(names):
        if name in TOOLS:
            arguments = words[number + 1 :]
            named = any(argument.unknown or argument.text.startswith(NAME_OPTION) for argument in arguments)
            called = number == 0 or (named and not set(SILENT).intersection(names[:number]))
            return arguments if called else None
    return None


def tables_of(calls: Sequence[Call], root: Path) -> list[Table]:
    """The archives that some commands write, each once.

    Raises:
        ConfigError: with the faults of all of them.
    """
    tables: list[Table] = []
    faults: list[str] = []
    for call in calls:
        try:
            table = call.table(root)
        except ConfigError as error:
            faults += error.faults
        else:
            tables += [] if table in tables else [table]
    if faults:
        raise ConfigError(*faults)
    load({"archives": tables}, name=str, version=str)
    return tables


@dataclass(frozen=True)
class Translation:
    """From options whose paths are relative to `directory` to keys whose paths are to `root`."""

    directory: Path
    root: Path

    def table(self, options: Namespace) -> Table:
        """
        Raises:
            ConfigError: an option's value is nothing that a key can hold.
        """
        faults = [
            f"Option `--{name.replace('_', '-')}` must not be empty"
            for name in ("model_name", "version", "handler")
            if not vars(options)[name].strip()
        ]
        if faults:
            raise ConfigError(*faults)
        # a comma too many is nothing to torch-model-archiver
        options.extra_files = ",".join(filter(str.strip, (options.extra_files or "").split(",")))
        config = configured(options)
        found = {
            "model-name": config.model_name,
            "version": values.version(config.version),
            "handler": self.handler(config.handler, config.runtime),
            "model-file": self.file(config.model_file, "--model-file"),
            "serialized-file": self.file(config.serialized_file, "--serialized-file"),
            "extra-files": [self.pattern(path) for path in config.extra_files],
            "requirements-file": self.file(config.requirements_file, "--requirements-file"),
            "config-file": self.file(config.config_file, "--config-file"),
            "runtime": config.runtime if config.runtime != "python" else None,
            "export-path": options.export_path and self.path(options.export_path),
            "archive-format": config.archive_format if config.archive_format != "default" else None,
        }
        return {key: value for key, value in found.items() if value}

    def handler(self, text: str, runtime: str) -> str:
        path, colon, function = text.partition(":")
        file = (self.directory / f"{path}.py").is_file() and path not in BUILT_INS
        if parse(text, self.directory, runtime).file is None and not file:
            return text
        moved = self.path(path) + colon + function
        # a name alone might be a built-in's or a module's
        return moved if parse(moved, self.root, runtime).file else f"./{moved}"

    def file(self, path: str | None, option: str) -> str | None:
        if path is None:
            return None
        if glob.has_magic(path) and not (self.directory / path).exists():
            raise ConfigError(f"Option `{option}` must name one file, and no pattern: `{path}`")
        return self.path(path)

    def pattern(self, path: str) -> str:
        """An extra file, or several; `**` is no other than `*` to torch-model-archiver."""
        folder = "/" if path.endswith("/") else ""
        return re.sub(r"\*\*+", "*", self.path(path)) + folder

    def path(self, path: str) -> str:
        joined = os.path.join(self.directory, path)
        plain = os.path.normpath(joined)
        if os.path.exists(joined) and not (os.path.exists(plain) and os.path.samefile(joined, plain)):
            # `..` behind a link is not where it seems to be
            plain = os.path.join(os.path.realpath(os.path.dirname(joined)), os.path.basename(joined))
        try:
            relative = os.path.relpath(plain, self.root)
        except ValueError:  # another drive
            relative = plain
        away = relative.split(os.sep)[0] == os.pardir and os.path.isabs(path)
        return PurePath(plain if away else relative).as_posix()


def outside(table: Table) -> Iterator[str]:
    """The paths that a checkout of the project does not have."""
    for key, value in table.items():
        if key in ("handler", "extra-files") or key.endswith("-file"):
            for path in [value] if isinstance(value, str) else value:
                if path.startswith("../") or os.path.isabs(path):
                    yield path
