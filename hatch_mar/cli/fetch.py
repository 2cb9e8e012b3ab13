"""`hatch-mar fetch`: downloads the remote files of a project."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from hatch_mar.cli import FAULTS
from hatch_mar.cli._findings import log_findings
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_option
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import ConfigError, HatchMarError
from hatch_mar.output import log, remark, show
from hatch_mar.project.config.models import RemoteFile
from hatch_mar.project.digest_edit import require_tomlkit
from hatch_mar.project.pyproject import PyProject
from hatch_mar.release.fetching.fetch import Action, Fetched, check_file, fetch_file, lock_file
from hatch_mar.text import did_you_mean

DESCRIPTION = """Fetch the files of [[tool.mar.remote-files]] that are missing or differ. A file replaces
another only when its digest is right. The next run resumes an interrupted download."""
EXAMPLE = "hatch-mar fetch\n  hatch-mar fetch --lock weights/digits.pth"


def parser() -> ArgumentParser:
    command = make_parser("fetch", DESCRIPTION, EXAMPLE)
    command.add_argument(
        "paths", nargs="*", metavar="PATH", help="the path of a remote file; all of them by default"
    )
    add_project_option(command)
    how = command.add_mutually_exclusive_group()
    how.add_argument(
        "--check",
        action="store_true",
        help="show which files are missing or differ, and fetch nothing",
    )
    how.add_argument(
        "--lock", action="store_true",
        help="write the SHA-256 of each file that has none into pyproject.toml; with PATH, write the current"
        " SHA-256 of that file",
    )  # fmt: skip
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    try:
        project = PyProject(Path(options.project))
        files = project.config(locked=not options.lock).remote_files
        chosen = select(files, options.paths, project.root)
        if options.lock:
            require_tomlkit()
    except HatchMarError as error:
        log_findings(error.causes, Path(options.project))
        return FAULTS
    if not files:
        remark("Nothing to fetch: the project has no `[[tool.mar.remote-files]]`")
    elif options.lock and not options.paths:
        chosen = [file for file in chosen if not file.sha256]
        if not chosen:
            remark("Nothing to lock: every remote file has a `sha256`; to lock a file again, name its path")
    action = lock_file if options.lock else check_file if options.check else fetch_file
    outcomes: list[Fetched] = []
    try:
        with exit_on_signals():
            for outcome in apply(action, chosen, project.root):
                outcomes.append(outcome)
                if not options.json and outcome.state != "failed":
                    show(line_of(outcome), flush=True)
    finally:
        if options.json:
            print_json([outcome.to_json() for outcome in outcomes])
    return FAULTS if any(outcome.state in ("failed", "missing", "differs") for outcome in outcomes) else 0


def select(files: Sequence[RemoteFile], paths: Sequence[str], root: Path) -> Sequence[RemoteFile]:
    """The files with these paths, which may also be given from the working directory; all without any.

    Raises:
        ConfigError: the project does not declare one of them.
    """
    known = {file.path: file for file in files}
    chosen: dict[str, RemoteFile] = {}
    faults = []
    for path in paths:
        inside = os.path.relpath(path, root).replace(os.sep, "/")
        if file := known.get(path) or known.get(inside):
            chosen[file.path] = file
        else:
            hint = did_you_mean(path, known) or "declare it in `[[tool.mar.remote-files]]`"
            faults.append(f"No remote file has the path `{path}`; {hint}")
    if faults:
        raise ConfigError(*faults)
    return [*chosen.values()] if paths else files


def apply(action: Action, files: Sequence[RemoteFile], root: Path) -> Iterator[Fetched]:
    """The outcome for each file. If one fails, the error is printed, and the others still get their turn."""
    for file in files:
        try:
            yield action(file, root)
        except HatchMarError as error:
            log(*error.faults)
            yield Fetched(file, "failed")


def line_of(outcome: Fetched) -> str:
    path = outcome.file.path
    if outcome.state == "fetched":
        return path
    if outcome.state == "locked":
        return f"{path} (locked: {outcome.file.sha256})"
    return f"{path} ({outcome.state})"
