"""Why a recorded command gives no tables, or what its tables do not express."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from hatch_mar.migration.declare import Declaration
from hatch_mar.migration.packed import find_drift
from hatch_mar.migration.record import Recording
from hatch_mar.migration.translate import paths_outside, target_of
from hatch_mar.project.config.models import Config
from hatch_mar.text import name_of_status, show_path

UNRECORDED = (
    "calls cannot be recorded in a container, on another machine, or where `PATH` and `PYTHONPATH` are not"
    " passed on (`sudo`, `env -i`, `python -I`, a script that sets `PYTHONPATH` itself)"
)


def explain_no_tables(recording: Recording, root: Path) -> Iterator[str]:
    """Why a command gave no tables; empty if it did."""
    if recording.status:
        fault = f"`{shlex.join(recording.command)}` ended with {name_of_status(recording.status)}"
        hint = "; `--no-pack` records calls without packing" if recording.failed else ""
        yield f"{fault}, so nothing is written{hint}"
    if recording.succeeded:
        return
    for call in recording.failed:
        yield f"`{call}` {call.ending}"
    archives = ", ".join(f"`{show_path(path, root)}`" for path in recording.archives)
    if archives and not recording.calls:
        yield f"Archives appeared, but no call was recorded: {archives}; {UNRECORDED}"
    elif not recording.calls and not recording.status:
        yield "No call of torch-model-archiver or torch-workflow-archiver was recorded"


def list_notes(recording: Recording, declarations: Sequence[Declaration], root: Path) -> Iterator[str]:
    """What the tables do not express."""
    for call in recording.failed:
        yield f"a call {call.ending} and is left out: `{call}`"
    for declaration in declarations:
        call, name = declaration.call, f"`{declaration.config.name}`"
        for key, path in paths_outside(declaration.table):
            if key == "export-path":
                yield f"archive {name} goes to `{path}`, outside the project"
            elif call.members is None or os.path.exists(os.path.join(root, path)):
                yield f"archive {name} takes `{path}` from outside the project"
        if call.changed_manifest:
            keys = ", ".join(f"`{key}`" for key in call.changed_manifest)
            yield (
                f"the command sets {keys} in the manifest of archive {name},"
                " which `[tool.mar]` cannot express"
            )
        if call.members is not None:
            yield from (
                f"archive {name} {change}" for change in find_drift(call.members, declaration.config, root)
            )
    yield from list_moves(recording, [declaration.config for declaration in declarations], root)


def list_moves(recording: Recording, configs: Sequence[Config], root: Path) -> Iterator[str]:
    """Which archives are not where a call wrote them, or were written by none."""
    targets = {target_of(call) for call in recording.succeeded}
    targets |= {root / config.export_path / config.file_name for config in configs if config.export_path}
    names = {config.file_name for config in configs}
    inodes = {call.inode for call in recording.succeeded}
    unseen = []
    for archive in recording.archives:
        shown = f"`{show_path(archive, root)}`"
        if archive in targets:
            continue
        if archive.name in names:
            yield (
                f"the command moved or copied an archive to {shown}; for a build to write it there, set"
                f' `export-path = "{show_path(archive.parent, root)}"`'
            )
        elif archive.exists() and archive.stat().st_ino in inodes:
            yield (
                f"the command renamed an archive to {shown}; for a build to write a model archive there,"
                " set `export-path` and `archive-name`"
            )
        else:
            unseen.append(shown)
    if unseen:
        yield f"no recorded call wrote {', '.join(unseen)}; {UNRECORDED}"
