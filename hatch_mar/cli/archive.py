"""`hatch-mar archive`: torch-model-archiver's own command line, in its place."""

from __future__ import annotations

import sys
from pathlib import Path

from hatch_mar.archive.formats import Packing
from hatch_mar.archive.packager import pack
from hatch_mar.checks.configured import find_faults
from hatch_mar.cli._parser import parser
from hatch_mar.errors import CheckError, ConfigError
from hatch_mar.project.config.archiver_options import add_options, configured
from hatch_mar.project.layout.layout import lay_out_model
from hatch_mar.project.timestamp import build_instant

DESCRIPTION = """Write one model archive. The options are torch-model-archiver's; with --strict, what the
checks find is an error and not a warning."""
EXAMPLE = """hatch-mar archive --model-name digits --version 1.0 --model-file digits/model.py \\
    --serialized-file weights/digits.pth --handler digits/handler.py --export-path model-store -f"""


def main(arguments: list[str]) -> int:
    command = add_options(parser("archive", DESCRIPTION, EXAMPLE))
    # no option of the parser's, for its prefixes would no longer be unique
    strict = "--strict" in arguments
    options = command.parse_args([argument for argument in arguments if argument != "--strict"])
    directory = Path(options.export_path or ".")
    if not directory.is_dir():
        raise ConfigError(f"Option `--export-path` must be a directory that exists: `{directory}`")
    config = configured(options)
    path = directory / config.file_name
    if path.exists() and not options.force:
        raise ConfigError(f"File already exists: `{path}`; give `--force` to overwrite it")
    instant = build_instant()
    archive = lay_out_model(config, Path.cwd(), instant)
    findings = [found for found in find_faults(config, archive, Path.cwd()) if found.severity != "note"]
    if findings and strict:
        raise CheckError(*findings)
    for finding in findings:
        print(f"Warning: {finding}", file=sys.stderr)
    pack(archive, path, config.format, Packing(instant, config.compression, config.root))
    print(path)
    return 0
