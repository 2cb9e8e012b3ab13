"""`hatch-mar build`: the archives of a project, without hatch."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from hatch_mar.archive.checksums import SUMS
from hatch_mar.build.plan import Planned, load_configs, plan_project
from hatch_mar.build.report import merge_warnings
from hatch_mar.build.run import build_all
from hatch_mar.build.sums import write_sums
from hatch_mar.build.unwanted import find_in_next_sdist
from hatch_mar.cli import FAULTS
from hatch_mar.cli._dry_run import describe_plan, plan_lines
from hatch_mar.cli._findings import log_findings
from hatch_mar.cli._json import add_json_option, describe, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import HatchMarError
from hatch_mar.output import log, remark, show
from hatch_mar.project.config.models import path_of
from hatch_mar.project.pyproject import PyProject, without_detours
from hatch_mar.terminal.progress import show_progress


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
    command.add_argument(
        "--sums",
        action="store_true",
        help=f"also write {SUMS} beside the archives, with the digests of all the project's archives there",
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
    folders = [*dict.fromkeys(one.path.parent for one in planned)] if options.sums else []
    if options.dry_run:
        show_plan(planned, folders, as_json=options.json)
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
            written = [*sum_up(folders, project, output)]
    finally:
        if built:  # the others too, if one could not be written
            print_json(built)
    if not options.json:
        show(*written)
    return 0


def show_plan(planned: Sequence[Planned], folders: Sequence[Path], *, as_json: bool) -> None:
    """Show what would be written."""
    if as_json:
        print_json([describe_plan(one) for one in planned])
        return
    show(*(line for one in planned for line in plan_lines(one)))
    show(*(f"{folder / SUMS} would be written" for folder in folders))


def sum_up(folders: Sequence[Path], project: PyProject, output: Path | None) -> Iterator[Path]:
    """Write the digests of the project's archives in each folder."""
    placed = [
        (path_of(config, project.root, project.build_directory, output).parent, config)
        for config in load_configs(project)
    ]
    for folder in folders:
        configs = [config for place, config in placed if place == folder]
        with show_progress() as advance:
            path = write_sums(folder, configs, advance)
        if path:
            yield path
        for config in configs:
            if not config.format.suffix:
                name = folder / config.file_name
                remark(f"`{name}` is a directory, which has no digest of its own and is not in `{SUMS}`")
