"""What a command that `hatch-mar migrate` runs finds in the place of torch-model-archiver."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hatch_mar.cli import FAULTS, INTERRUPTED
from hatch_mar.cli.archive import write_archive
from hatch_mar.errors import HatchMarError
from hatch_mar.migration.call import Call, CallFile
from hatch_mar.migration.packed import snapshot
from hatch_mar.migration.translate import read_call

CHANGED_MANIFEST = "HATCH_MAR_CHANGED_MANIFEST"
"""The environment variable with the keys of the manifest to which a program gave values of its own."""


def archive_and_record(command: Sequence[str], calls: Path, pack: bool) -> int:
    """Pack as `hatch-mar archive` does, or else only read the options, and record the call.

    Nothing is printed but faults and warnings, as by the tools themselves.
    """
    tool, *arguments = command
    changed = os.environ.get(CHANGED_MANIFEST, "")
    call = Call(tool, arguments, os.getcwd(), changed_manifest=changed.split(",") if changed else [])
    record = CallFile(calls)
    try:
        config, options = read_call(call)
        record.save(call)
        if pack:
            _, archive = write_archive(config, options.export_path, force=options.force)
            call = call._replace(members=snapshot(archive))
        status = 0
    except HatchMarError as error:
        print(error, file=sys.stderr)
        status = FAULTS
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:  # wrong usage, or `--help`
        if not end.code:
            return 0
        status = int(end.code)
    record.save(call._replace(status=status))
    return status
