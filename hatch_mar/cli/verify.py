"""`hatch-mar verify`: checks that archives are what was released."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hatch_mar.archive.checksums import SUFFIX, SUMS
from hatch_mar.archive.manifest import MANIFEST_NAME
from hatch_mar.cli import FAULTS
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import HatchMarError, explain_system_errors
from hatch_mar.output import log, show
from hatch_mar.project.pyproject import PyProject
from hatch_mar.release.verification.digests import Verified, list_files, verify_digest
from hatch_mar.release.verification.rebuild import Rebuilt, rebuild
from hatch_mar.terminal.progress import show_progress
from hatch_mar.text import quote_each
from hatch_mar.torchserve import suffixes

DESCRIPTION = f"""Check that archives are what was released: that they have the digests in FILE{SUFFIX}
or {SUMS} beside them and, with --rebuild, that a build of the project in a temporary directory
gives the same bytes. None of an archive's code runs."""
EXAMPLE = f"hatch-mar verify dist/digits.mar --rebuild\n  hatch-mar verify digits.mar --sums release/{SUMS}"


@dataclass
class Verdict:
    """The result for one file."""

    path: Path
    verified: Verified | None = None
    rebuilt: Rebuilt | None = None
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Add the faults that end the block."""
        try:
            with explain_system_errors():
                yield
        except HatchMarError as error:
            self.faults += error.faults

    def lines(self) -> Iterator[str]:
        """What was confirmed about the file, and how it differs from a build."""
        if self.verified and self.verified.lists:
            lists = quote_each(self.verified.lists)
            yield f"`{self.path}` has SHA-256 `{self.verified.sha256}`, as listed in {lists}"
        if self.rebuilt:
            if self.rebuilt.is_as_built:
                yield str(self.rebuilt)
            yield from (difference.line() for difference in self.rebuilt.differences)

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "sha256": self.verified and self.verified.sha256,
            "lists": [str(each) for each in self.verified.lists] if self.verified else [],
            "rebuilt": self.rebuilt and self.rebuilt.to_json(),
            "faults": self.faults,
        }


def parser() -> ArgumentParser:
    command = make_parser("verify", DESCRIPTION, EXAMPLE)
    command.add_argument(
        "files", type=Path, nargs="+", metavar="FILE",
        help="an archive or another listed file; or a directory, for all files that are listed there",
    )  # fmt: skip
    command.add_argument(
        "--sums", type=Path, metavar=SUMS,
        help="a list in the form of `sha256sum`, with FILE's path from there, or its base name"
        f" (default: FILE{SUFFIX} and {SUMS} beside FILE)",
    )  # fmt: skip
    command.add_argument(
        "--rebuild", action="store_true",
        help="build the project's archive of the same name and version, with FILE's timestamp, and show"
        " which commit the bytes are of, or what differs",
    )  # fmt: skip
    add_project_options(command, "the project of --rebuild")
    add_json_option(command)
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    project = open_project(options) if options.rebuild else None
    verdicts: list[Verdict] = []
    with exit_on_signals():
        for verdict in verify_all(options, project):
            verdicts.append(verdict)
            if not options.json:
                show(*verdict.lines(), flush=True)
            log(*verdict.faults)
    if options.json:
        print_json([verdict.to_json() for verdict in verdicts])
    return FAULTS if any(verdict.faults for verdict in verdicts) else 0


def verify_all(options: Namespace, project: PyProject | None) -> Iterator[Verdict]:
    """What is to be said of each file, and of folders that list none."""
    for argument in options.files:
        verdict = Verdict(argument)
        files: list[tuple[Path, Path | None]] = []
        with verdict.collect():
            files = expand(argument, options.sums)
        if verdict.faults:
            yield verdict
        for path, sums in files:
            is_archive = path == argument or path.name.endswith(suffixes.ARCHIVES)
            yield verify(path, sums, project if is_archive else None)


def expand(path: Path, sums: Path | None) -> list[tuple[Path, Path | None]]:
    """The files that an argument stands for, itself or those that are listed in a directory, and their list.

    No list stands for those beside a file.
    """
    is_listed = path.is_dir() and not (path / MANIFEST_NAME).is_file() and sums is None
    if not is_listed:
        return [(path, sums)]
    return [(file, None if file.parent == path else path / SUMS) for file in list_files(path)]


def verify(path: Path, sums: Path | None, project: PyProject | None) -> Verdict:
    """The result for a file. A wrong digest does not keep it from being compared with a build."""
    verdict = Verdict(path)
    if not (project and path.is_dir()):
        with verdict.collect(), show_progress("Reading files") as advance:
            verdict.verified = verify_digest(path, sums, advance, needed=project is None)
    if project and path.exists():
        with verdict.collect(), show_progress("Building again") as advance:
            verdict.rebuilt = rebuild(path, project, advance)
            if not verdict.rebuilt.is_as_built:
                verdict.faults.append(str(verdict.rebuilt))
    return verdict
