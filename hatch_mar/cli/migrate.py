"""`hatch-mar migrate`: what a command packs with torch-model-archiver, as `[tool.mar]` tables."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path, PurePath

from hatch_mar.archive.filesystem.regular import open_input
from hatch_mar.cli import USAGE
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_option
from hatch_mar.cli._recorder import archive_and_record
from hatch_mar.cli._refusals import find_refusals
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import ConfigError
from hatch_mar.migration.call import call_in
from hatch_mar.migration.declare import declare_calls, tables_of
from hatch_mar.migration.outcome import explain_no_tables, list_notes
from hatch_mar.migration.record import Recording, record
from hatch_mar.output import log, remark, show
from hatch_mar.project.build_system import has_setup
from hatch_mar.project.config.models import Config
from hatch_mar.project.edit import Tables, add_tables, format_tables, will_make_archives
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.sdist_ignore import find_unignored, ignore

LONGEST_SHEBANG = 1000
"""Bytes; Linux reads 255."""

DESCRIPTION = """Run a command and turn its calls of torch-model-archiver and torch-workflow-archiver into the
[tool.mar] tables that build the same archives. The command may be a script, make, a Python
program or the run of a notebook. It does all that it always does, except that hatch-mar packs,
and what it prints goes to standard error. A COMMAND that is torch-model-archiver or
torch-workflow-archiver itself is only translated, not run.

An archive that was written without --export-path is built into the build directory. A build
replaces an archive that exists, whether or not the call said --force."""
EXAMPLE = """hatch-mar migrate --write -- sh scripts/archive.sh
  hatch-mar migrate -- torch-model-archiver --model-name digits -v 1.0 --handler image_classifier"""


def parser() -> ArgumentParser:
    command = make_parser("migrate", DESCRIPTION, EXAMPLE)
    command.usage = (
        "hatch-mar migrate [-q | -v] [--write] [--project DIR] [--no-pack] [--json] -- COMMAND ..."
    )
    command.add_argument("--write", action="store_true", help="add the tables to pyproject.toml")
    add_project_option(command)
    command.add_argument("--no-pack", action="store_true", help="record the calls, but pack nothing")
    add_json_option(command)
    command.add_argument("files", nargs="*", help=SUPPRESS)
    return command


def main(arguments: list[str]) -> int:
    parsed = parser()
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parsed.parse_args(arguments[:end]), arguments[end + 1 :]
    if options.files and not command:
        given = ["--write"] * options.write + ["--no-pack"] * options.no_pack + ["--json"] * options.json
        given += ["--project", options.project] if options.project != "." else []
        log(advice(options.files, given))
        return USAGE
    if options.files or not command:
        parsed.error("a COMMAND is needed, after `--`")

    project = Path(options.project)
    root = Path(os.path.realpath(project))
    if options.write:
        open_project(project)  # that there is none is said before a command that may take long
    elif not project.is_dir():
        raise ConfigError(f"Not a directory: `{project}`")
    if call := call_in(command, os.getcwd()):
        recording = Recording(command, 0, [call], [])
    else:
        remark(f"Running `{shlex.join(command)}`, and recording what it packs")
        with exit_on_signals():
            recording = record(command, archive_and_record, root, pack=not options.no_pack)
    if failures := [*explain_no_tables(recording, root)]:
        raise ConfigError(*failures)
    return show_tables(recording, project, root, options)


def show_tables(recording: Recording, project: Path, root: Path, options: Namespace) -> int:
    """Print the tables for what was recorded, or add them to the project at `root`, known as `project`."""
    with redirect_stdout(sys.stderr) if options.json else nullcontext():  # a tool's `--help` is no JSON
        declarations, notes, faults = declare_calls(recording.succeeded, root, recording.archives)
    configs = [declaration.config for declaration in declarations]
    refusals = [*find_refusals(configs, root)]
    notes += [*list_notes(recording, declarations, root), *refusals]
    tables = tables_of(declarations)
    changes: list[str] = []
    if options.write and not faults:
        try:
            changes = add_to_project(project, tables, configs, buildable=not refusals)
        except ConfigError as error:
            faults += error.causes  # the tables are printed, so that the command need not run again
    if options.json:
        print_json({"tables": tables, "notes": notes, "changes": changes})
    else:
        show(*changes or format_tables(tables).removesuffix("\n").split("\n"), flush=True)
        remark(*(f"Note: {note}" for note in notes))
    if faults:
        raise ConfigError(*faults)
    return 0


def add_to_project(
    directory: Path, tables: Tables, configs: Sequence[Config], *, buildable: bool
) -> list[str]:
    """Add tables, which declare `configs`; returns a line for each change and for what builds them.

    Raises:
        ConfigError: they cannot be added; nothing is changed then.
    """
    project = open_project(directory)
    patterns = find_unignored(configs, project.hatch) if will_make_archives(project) else []
    done = add_tables(project, tables, buildable=buildable)
    return [*done, *ignore(patterns, project.hatch)]


def open_project(directory: Path) -> PyProject:
    """The project whose `pyproject.toml` gets the tables; with a `setup.py`, it need not have one yet."""
    return PyProject(directory, new=has_setup(directory))


def advice(words: list[str], options: list[str]) -> str:
    """What to type instead of `hatch-mar migrate FILE`, or of a command without `--`."""
    migrate = shlex.join(["hatch-mar", "migrate", *options, "--"])
    if words[0] != "-" and not Path(words[0]).is_file():
        return f"A command is given after `--`: {migrate} {shlex.join(words)}"
    name = PurePath(words[0]).name.lower()
    if name.endswith((".yml", ".yaml")) or "dockerfile" in name or "containerfile" in name:
        return (
            "hatch-mar migrate no longer reads files, it runs commands: start a shell, and give it the"
            f" steps of `{words[0]}`: {migrate} sh"
        )
    lines = (f"{migrate} {shlex.join(command_for(word))}" for word in words)
    return f"hatch-mar migrate no longer reads scripts, it runs them: {' && '.join(lines)}"


def command_for(script: str) -> list[str]:
    """The command that runs a script, by its first line or else by its name."""
    path = PurePath(script)
    if "makefile" in path.name.lower() or path.suffix == ".mk":
        return ["make", "-f", script]
    if path.suffix == ".ipynb":
        return ["jupyter", "execute", script]
    if script == "-":
        return ["sh"]
    with open_input(script) as file:
        first = file.readline(LONGEST_SHEBANG).decode("utf-8", "replace")
    interpreter = first[2:].split() if first.startswith("#!") else []
    if interpreter and PurePath(interpreter[0]).name == "env":
        interpreter = [word for word in interpreter[1:] if word != "-S"]
    if interpreter:
        return [PurePath(interpreter[0]).name, *interpreter[1:], script]
    return [{".py": "python", ".bash": "bash", ".zsh": "zsh"}.get(path.suffix, "sh"), script]
