"""`hatch-mar publish`: puts archives where servers find them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from hatch_mar.build.plan import plan_project
from hatch_mar.build.report import merge_warnings
from hatch_mar.build.run import build_all
from hatch_mar.cli import FAULTS
from hatch_mar.cli._findings import log_findings
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._selection import split
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import HatchMarError
from hatch_mar.output import show
from hatch_mar.project.config.models import LAYOUTS, PYPROJECT
from hatch_mar.project.pyproject import PyProject
from hatch_mar.release.publishing.destination import find_destination
from hatch_mar.release.publishing.publish import Published, publish
from hatch_mar.release.publishing.ready import Ready

DESCRIPTION = """Put archives where servers find them: into a directory, or into a store such as S3.
A project's archives are built first. A file that exists is never overwritten without --replace."""


def parser() -> ArgumentParser:
    command = make_parser(
        "publish",
        DESCRIPTION,
        "hatch-mar publish digits --to s3://models/digits",
    )
    command.add_argument(
        "archives", nargs="*", metavar="NAME|FILE",
        help="a model's name, or an archive on disk; all archives of the project by default",
    )  # fmt: skip
    command.add_argument(
        "--to", required=True, metavar="WHERE",
        help="a name of [tool.mar.publish], a directory, or a URL such as `s3://BUCKET/FOLDER`;"
        " `{model-name}` and `{version}` are filled in for each archive",
    )  # fmt: skip
    command.add_argument(
        "--layout", choices=LAYOUTS,
        help="which kind of server the files are laid out for (default: the destination's, or `flat`)",
    )  # fmt: skip
    command.add_argument("--replace", action="store_true", help="overwrite files that have other bytes")
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be published or replaced, and change nothing at the destination",
    )
    add_project_options(command)
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    command = parser()
    options = command.parse_args(arguments)
    if not options.to:
        command.error("argument --to: must name a directory, such as `.`")
    published: list[Published] = []

    def report(file: Published) -> None:
        published.append(file)
        if not options.json:
            show(file, flush=True)

    try:
        with exit_on_signals():
            run(options, report)
    except HatchMarError as error:
        log_findings(error.causes, Path(options.project))
        return FAULTS
    finally:
        if options.json and published:  # the others too, if one could not be published
            print_json([file._asdict() for file in published])
    return 0


def run(options: Namespace, report: Callable[[Published], object]) -> None:
    """Publish what the options say. A project is needed only if they name its archives or destinations."""
    root = Path(options.project)
    files, names = split(options.archives, root)
    has_project = names or not files or (root / PYPROJECT).exists()
    project = open_project(options) if has_project else None
    known = project.config().publish if project else {}
    where = find_destination(options.to, known, project.root if project else root)
    archives = [Ready.of_file(file) for file in files]
    if project and (names or not files):
        archives += build(project, names, options)
    publish(
        *(archives, where.url, options.layout or where.layout),
        replace=options.replace,
        dry_run=options.dry_run,
        report=report,
    )


def build(project: PyProject, names: Sequence[str], options: Namespace) -> list[Ready]:
    """A project's archives, built."""
    planned = plan_project(project, project.build_directory, names)
    shown = [one.config.name for one in planned]
    log_findings(merge_warnings(planned), project.root, shown, prefix="Warning: ")
    for _ in build_all(planned, quiet=options.quiet):
        pass
    return [Ready.of_project(one) for one in planned]
