"""`hatch-mar try`: an archive run as TorchServe's worker would run it."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from hatch_mar.build.plan import load
from hatch_mar.cli import FAULTS
from hatch_mar.cli._parser import parser
from hatch_mar.cli._selection import split
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig, select
from hatch_mar.project.pyproject import PyProject
from hatch_mar.project.timestamp import build_instant
from hatch_mar.text import shown
from hatch_mar.trial.candidate import Candidate, Options, declared, on_disk
from hatch_mar.trial.examples.request import request_from
from hatch_mar.trial.in_build import ENVELOPE
from hatch_mar.trial.server.server import missing
from hatch_mar.trial.verdict.report import Report

DESCRIPTION = """Run an archive as TorchServe's worker would, and see what it answers. THIS RUNS THE ARCHIVE'S
CODE, in a process of its own that may do all that you may; no other command does. Without
--input, an archive of the project is asked the examples of its [[tool.mar.examples]]."""
EXAMPLE = "hatch-mar try digits\n  hatch-mar try model-store/digits.mar --input samples/five.png --serve"


def main(arguments: list[str]) -> int:
    command = add_options(parser("try", DESCRIPTION, EXAMPLE))
    options = command.parse_args(arguments)
    files, names = split(options.archives, Path(options.project))
    if options.serve and (reason := missing()):
        raise TrialError(reason)
    if options.update and (files or options.input):
        command.error(
            "--update is for the examples of a project's archives, and takes no FILE and no --input"
        )
    if options.timeout is not None and options.timeout <= 0:
        command.error("--timeout must be more than 0")
    with terminated():
        return tried(options, files, names)


def add_options(command: ArgumentParser) -> ArgumentParser:
    command.add_argument(
        "archives", nargs="*", metavar="NAME|FILE", help="a model's name, or a .mar, .tar.gz or directory"
    )
    command.add_argument(
        "--project", default=".", metavar="DIR", help="the project of the names (default: here)"
    )
    command.add_argument(
        "--input", action="append", type=Path, metavar="FILE",
        help="a request's body, of the type that its suffix tells; may be given several times",
    )  # fmt: skip
    command.add_argument(
        "--serve", action="store_true", help="through a real TorchServe, on this machine only"
    )
    command.add_argument(
        "--requirements", action="store_true",
        help="install what the archive requires first, into a virtual environment that is thrown away",
    )  # fmt: skip
    command.add_argument("--update", action="store_true", help="write what the examples expect anew")
    command.add_argument(
        "--envelope",
        metavar="NAME",
        default=os.environ.get(ENVELOPE) or None,
        help="TorchServe's service_envelope, such as body for base_handler"
        f" (default: the environment's {ENVELOPE})",
    )
    command.add_argument(
        "--timeout", type=float, metavar="SECONDS",
        help="to load in, and for each answer (default: the model configuration's, or TorchServe's own 120)",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="for machines")
    command.add_argument(
        "-v", "--verbose", action="store_true", help="show what the worker, or the server, printed"
    )
    return command


def tried(options: Namespace, files: list[Path], names: list[str]) -> int:
    how = Options(options.timeout, options.envelope, options.requirements)
    inputs = tuple(request_from(file) for file in options.input) if options.input else None
    reports = []
    with ExitStack() as stack:
        candidates = [stack.enter_context(on_disk(file, inputs or ())) for file in files]
        if names or not files:
            project = PyProject(Path(options.project))
            instant = build_instant(reproducible=project.reproducible)
            configs = [config for config in select(load(project), names) if isinstance(config, ArchiveConfig)]
            candidates += [
                declared(config, project, instant, inputs, update=options.update) for config in configs
            ]
        warn(candidates, sys.stderr if options.json else sys.stdout)
        for candidate in candidates:
            report = tried_one(candidate, how, serve=options.serve)
            reports.append(report)
            if not options.json:
                show(report, verbose=options.verbose)
        if options.update:
            from hatch_mar.trial.update_examples import update

            for config, report in zip(configs, reports[len(files) :]):
                for changed in update(config, report, project.root):
                    print(f"Updated {changed}", file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps([report.to_json() for report in reports], indent=2))
    return 0 if all(report.ok for report in reports) else FAULTS


def warn(candidates: list[Candidate], stream: TextIO) -> None:
    names = ", ".join(f"`{shown(candidate.name)}`" for candidate in candidates)
    print(f"Running the code of {names}, which may do all that you may", file=stream, flush=True)


def tried_one(candidate: Candidate, options: Options, *, serve: bool) -> Report:
    try:
        if serve:
            from hatch_mar.trial.in_server import serve_archive

            return serve_archive(candidate, options)
        from hatch_mar.trial.in_worker import try_archive

        return try_archive(candidate, options)
    except TrialError as error:
        return Report(candidate.name, faults=[f"{candidate.name}: {fault}" for fault in error.faults])


def show(report: Report, *, verbose: bool) -> None:
    if verbose:
        for line in report.output.splitlines():
            print(f"    {shown(line)}")
    for line in report.lines():
        print(line, flush=True)
    for fault in report.faults:
        print(shown(fault), file=sys.stderr)
    for finding in report.findings:
        print(f"  `hatch-mar check` says: {shown(finding)}", file=sys.stderr)
    sys.stderr.flush()


@contextmanager
def terminated() -> Iterator[None]:
    """A request to end is taken as Ctrl-C is, so that children end and directories go."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
