"""What a command that `hatch-mar migrate` runs finds in the place of torch-model-archiver."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hatch_mar.cli import FAULTS, INTERRUPTED, main
from hatch_mar.cli._archiving import write_archive
from hatch_mar.errors import HatchMarError
from hatch_mar.migration.call import DROP_IN, CallFile, call_in
from hatch_mar.migration.packed import snapshot
from hatch_mar.migration.translate import read_call, target_of
from hatch_mar.output import log, show

CHANGED_MANIFEST = "HATCH_MAR_CHANGED_MANIFEST"
"""The environment variable with the keys of the manifest to which a program gave values of its own."""


def archive_and_record(command: Sequence[str], calls: Path, pack: bool) -> int:
    """Pack as `hatch-mar archive` does, or else only read the options, and record the call.

    Of the tools themselves nothing is printed but faults and warnings. Other commands of hatch-mar
    do what they always do.
    """
    call = call_in(command, os.getcwd())
    if call is None:
        return main([*command[1:]])
    changed = os.environ.get(CHANGED_MANIFEST, "")
    call = call._replace(status=None, changed_manifest=changed.split(",") if changed else [])
    record = CallFile(calls)
    try:
        config, options = read_call(call)
        call = call._replace(overwrote=options.force and (target_of(call).exists() or not pack))
        record.save(call)
        if pack:
            artifact, archive = write_archive(config, options.export_path, force=options.force)
            call = call._replace(members=snapshot(archive), inode=artifact.path.stat().st_ino)
            if command[0] == DROP_IN:
                show(artifact.path)
        status = 0
    except HatchMarError as error:
        log(*error.faults)
        status = FAULTS
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:  # wrong usage, or `--help`
        if not end.code:
            return 0
        status = int(end.code)
    record.save(call._replace(status=status))
    return status
