"""`hatch-mar build`: the archives of a project, without hatch."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from hatch_mar.build.plan import plan_project
from hatch_mar.build.report import merge_warnings
from hatch_mar.build.run import build_all
from hatch_mar.build.unwanted import find_in_next_sdist
from hatch_mar.cli import FAULTS
from hatch_mar.cli._dry_run import describe_plan, plan_lines
from hatch_mar.cli._findings import log_findings
from hatch_mar.cli._json import add_json_option, describe, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import HatchMarError
from hatch_mar.output import log, show
from hatch_mar.project.pyproject import without_detours


def parser() -> ArgumentParser:
    command = make_parser(
        "build",
        "Write the archives that a project's pyproject.toml declares, whatever its build backend.",
        "hatch-mar build digits --output model-store",
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="a model's name; all archives by default")
    add_project_options(command)
    command.add_argument(
        "--output", metavar="DIR",
        help="write all archives here (default: to their export-path, or else to the build directory)",
    )  # fmt: skip
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be written, from what and where, and write nothing",
    )
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    command = parser()
    options = command.parse_args(arguments)
    if options.output == "":
        command.error("argument --output: must name a directory, such as `.`")
    output = without_detours(Path(options.output)) if options.output else None
    try:
        project = open_project(options)
        planned = plan_project(project, project.build_directory, options.names, output=output)
    except HatchMarError as error:
        log_findings(error.causes, Path(options.project))
        return FAULTS
    names = [one.config.name for one in planned]
    log_findings(merge_warnings(planned), project.root, names, prefix="Warning: ")
    if output:
        log(*(f"Warning: {line}" for line in find_in_next_sdist(planned, project.hatch)))
    if options.dry_run:
        if options.json:
            print_json([describe_plan(one) for one in planned])
        else:
            show(*(line for one in planned for line in plan_lines(one)))
        return 0
    configs = {one.path: one.config for one in planned}
    built = []
    try:
        with exit_on_signals():
            for artifact in build_all(planned, quiet=options.quiet):
                if options.json:
                    built.append(describe(configs[artifact.path], artifact))
                else:
                    show(f"{artifact.path}{' (unchanged)' if artifact.unchanged else ''}")
    finally:
        if built:  # the others too, if one could not be written
            print_json(built)
    return 0
