"""`hatch-mar archive`: torch-model-archiver's own command line, in its place."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.packager.artifact import Artifact
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.checks.configured import find_faults
from hatch_mar.cli._json import add_json_option, describe, print_json
from hatch_mar.cli._parser import add_version_option, make_parser
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.cli._verbosity import add_verbosity_options
from hatch_mar.errors import CheckError, ConfigError
from hatch_mar.output import show
from hatch_mar.project.config.archiver_options import add_options, read_options
from hatch_mar.project.config.models import Config
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.timestamp import build_instant

DESCRIPTION = "Write one model archive, with the options of torch-model-archiver."
EXAMPLE = """hatch-mar archive --model-name digits --version 1.0 --model-file digits/model.py \\
    --serialized-file weights/digits.pth --handler digits/handler.py --export-path model-store -f"""

OWN = ("strict", "json", "quiet", "verbose")
"""Options that torch-model-archiver lacks; as prefixes of these, `--s` would no longer be its own."""


def parser() -> ArgumentParser:
    command = make_parser("archive", DESCRIPTION, EXAMPLE, common=False)
    add_options(command)
    own = command.add_argument_group("options that torch-model-archiver does not have")
    own.add_argument("--strict", action="store_true", help="what the checks find is an error")
    add_json_option(own)
    add_verbosity_options(own, short_verbose=False)
    add_version_option(own, "-V")
    command.spelled_out = OWN
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    given = {name: value for name, value in vars(options).items() if name not in OWN}
    config = read_options(Namespace(**given))
    artifact, _ = write_archive(config, options.export_path, force=options.force, strict=options.strict)
    if options.json:
        print_json(describe(config, artifact))
    else:
        show(artifact.path)
    return 0


def write_archive(
    config: Config, export_path: str | None, *, force: bool, strict: bool = False
) -> tuple[Artifact, Archive]:
    """Write an archive where torch-model-archiver would; gives what was written and what is in it.

    Raises:
        HatchMarError: with all faults; nothing is written then.
    """
    directory = Path(export_path or ".")
    if not directory.is_dir():
        raise ConfigError(f"Option `--export-path` must be a directory that exists: `{directory}`")
    path = directory / config.file_name
    if path.exists() and not force:
        raise ConfigError(f"File already exists: `{path}`; give `--force` to overwrite it")
    instant = build_instant()
    archive = lay_out(config, Path.cwd(), instant)
    findings = [found for found in find_faults(config, archive, Path.cwd()) if found.severity != "note"]
    if findings and strict:
        raise CheckError(*findings)
    if findings:
        from hatch_mar.cli._findings import log_findings

        log_findings(findings, (f"Warning: {finding}" for finding in findings), Path.cwd())
    with exit_on_signals():
        packing = Packing(instant, config.compression, config.root)
        return pack_as(archive, path, config.format, packing), archive
