"""`hatch-mar archive`: torch-model-archiver's own command line, in its place."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from hatch_mar.cli import FAULTS
from hatch_mar.cli._json import add_json_option, describe, print_json
from hatch_mar.cli._parser import add_verbosity_options, add_version_option, make_parser
from hatch_mar.errors import HatchMarError
from hatch_mar.output import show
from hatch_mar.project.config.archiver_options import add_options, read_options

DESCRIPTION = "Write one model archive, with the options of torch-model-archiver."
EXAMPLE = """hatch-mar archive --model-name digits --version 1.0 --model-file digits/model.py \\
    --serialized-file weights/digits.pth --handler digits/handler.py --export-path model-store -f"""

OWN = ("strict", "json", "quiet", "verbose")
"""Options that torch-model-archiver lacks; as prefixes of these, `--s` would no longer be its own."""


def parser() -> ArgumentParser:
    command = make_parser("archive", DESCRIPTION, EXAMPLE, common=False)
    add_options(command)
    own = command.add_argument_group("options that torch-model-archiver does not have")
    own.add_argument("--strict", action="store_true", help="warnings count as errors")
    add_json_option(own)
    add_verbosity_options(own, short_verbose=False)
    add_version_option(own, "-V")
    command.spelled_out = OWN
    return command


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    from hatch_mar.cli._archiving import write_archive  # which takes longer than the help
    from hatch_mar.cli._findings import log_findings

    given = {name: value for name, value in vars(options).items() if name not in OWN}
    try:
        config = read_options(Namespace(**given))
        artifact, _ = write_archive(config, options.export_path, force=options.force, strict=options.strict)
    except HatchMarError as error:
        log_findings(error.causes, Path())
        return FAULTS
    if options.json:
        print_json(describe(config, artifact))
    else:
        show(artifact.path)
    return 0
