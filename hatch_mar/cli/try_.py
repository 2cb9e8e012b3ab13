"""`hatch-mar try`: an archive run as TorchServe's worker would run it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from hatch_mar.budget import Budget
from hatch_mar.build.plan import load_configs
from hatch_mar.cli import FAULTS
from hatch_mar.cli._json import print_json
from hatch_mar.cli._output_format import add_report_format
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._selection import split
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import TrialError
from hatch_mar.output import finish, log, remark, show
from hatch_mar.project.config.models import ArchiveConfig, select
from hatch_mar.project.timestamp import build_instant
from hatch_mar.trial.candidate import ENVELOPE, Candidate, Options, lay_out_candidate, open_candidate
from hatch_mar.trial.examples.request import read_request
from hatch_mar.trial.server.server import find_missing
from hatch_mar.trial.verdict.report import Report

DESCRIPTION = """Run an archive as TorchServe's worker would, and show its answers. THIS RUNS THE ARCHIVE'S
CODE, in a separate process with all your permissions; no other command does. Without --input,
the archives of a project get the requests of their [[tool.mar.examples]]."""
EXAMPLE = "hatch-mar try digits\n  hatch-mar try model-store/digits.mar --input samples/five.png --serve"


def parser() -> ArgumentParser:
    command = make_parser("try", DESCRIPTION, EXAMPLE)
    command.add_argument(
        "archives", nargs="*", metavar="NAME|FILE", help="a model's name, or a .mar, .tar.gz or directory"
    )
    add_project_options(command, "the project that declares the names")
    command.add_argument(
        "--input", action="append", type=Path, metavar="FILE",
        help="send this file; its suffix decides the content type; may be given several times",
    )  # fmt: skip
    command.add_argument(
        "--serve", action="store_true", help="use a real TorchServe, which only listens on this machine"
    )
    command.add_argument(
        "--requirements", action="store_true",
        help="first install the archive's requirements, in a temporary virtual environment",
    )  # fmt: skip
    command.add_argument(
        "--update", action="store_true", help="replace the examples' expected answers with the actual ones"
    )
    command.add_argument(
        "--envelope",
        metavar="NAME",
        default=os.environ.get(ENVELOPE) or None,
        help=f"TorchServe's service_envelope, such as body for base_handler (default: ${ENVELOPE})",
    )
    command.add_argument(
        "--env", action="append", default=[], metavar="NAME",
        help="let the archive's code see this variable, such as a token; may be given several times",
    )  # fmt: skip
    command.add_argument(
        "--timeout", type=float, metavar="SECONDS",
        help="how long to wait until the model is loaded, and for each answer (default: as its configuration"
        " says, or 120 as in TorchServe)",
    )  # fmt: skip
    add_report_format(command)
    return command


def main(arguments: list[str]) -> int:
    command = parser()
    options = command.parse_args(arguments)
    files, names = split(options.archives, Path(options.project))
    if options.serve and (reason := find_missing()):
        raise TrialError(reason)
    if options.update and (files or options.input):
        command.error("--update works on the examples of a project; it cannot be used with FILE or --input")
    if options.timeout is not None and options.timeout <= 0:
        command.error("--timeout must be more than 0")
    with exit_on_signals():
        return run_trials(options, files, names)


def run_trials(options: Namespace, files: list[Path], names: list[str]) -> int:
    how = Options(options.timeout, options.envelope, options.requirements, tuple(options.env))
    requests = tuple(read_request(file) for file in options.input) if options.input else None
    say = show if options.form == "text" and not options.quiet else remark
    reports, budget = [], Budget()
    with ExitStack() as stack:
        candidates = [stack.enter_context(open_candidate(file, requests or (), budget)) for file in files]
        if names or not files:
            project = open_project(options)
            instant = build_instant(reproducible=project.reproducible)
            configs = [
                config for config in select(load_configs(project), names) if isinstance(config, ArchiveConfig)
            ]
            candidates += [
                lay_out_candidate(config, project, instant, requests, update=options.update)
                for config in configs
            ]
        running = ", ".join(f"`{candidate.name}`" for candidate in candidates)
        say(f"Running the code of {running} with all your permissions")
        finish()
        for candidate in candidates:
            report = run_trial(candidate, how, serve=options.serve)
            reports.append(report)
            if options.form == "text":
                print_report(report, verbose=options.verbose)
            elif options.form == "markdown":
                show(*markdown_lines(report), flush=True)
        if options.update:
            from hatch_mar.trial.update_examples import update_examples

            for config, report in zip(configs, reports):
                for place in update_examples(config, report, project.root):
                    say(f"Updated {place}")
    if options.form == "json":
        print_json([report.to_json() for report in reports])
    return 0 if all(report.ok for report in reports) else FAULTS


def run_trial(candidate: Candidate, options: Options, *, serve: bool) -> Report:
    try:
        if serve:
            from hatch_mar.trial.in_server import try_in_server

            return try_in_server(candidate, options)
        from hatch_mar.trial.in_worker import try_in_worker

        return try_in_worker(candidate, options)
    except TrialError as error:
        return Report(candidate.name, faults=[f"{candidate.name}: {fault}" for fault in error.faults])


def print_report(report: Report, *, verbose: bool) -> None:
    if verbose:
        show(*(f"    {line}" for line in report.output.splitlines()))
    show(*report.lines(), flush=True)
    log(*report.faults, *(f"  `hatch-mar check` says: {finding}" for finding in report.findings))


def markdown_lines(report: Report) -> Iterator[str]:
    from hatch_mar.cli._forms.markdown import heading, listed, prose, table
    from hatch_mar.text import format_seconds

    yield from heading(f"`{report.name}`: {'passed' if report.ok else 'failed'}")
    yield from listed(report.faults)
    yield from listed(f"`hatch-mar check` says: {finding}" for finding in report.findings)
    loader = f"{report.loaded_by}{report.describe_device}" if report.loaded_by else ""
    yield from listed(filter(None, [loader, *report.describe_loading(), report.describe_memory()]))
    if report.replies:
        rows = (
            (
                "ok" if reply.ok else "**failed**",
                prose(reply.label),
                format_seconds(reply.seconds),
                prose(reply.summary),
            )
            for reply in report.replies
        )
        yield from table(("Result", "Request", "Time", "Answer"), rows)
