"""Archives whose handlers need no torch, tried with the stand-in: a worker then starts in no time."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.format import FORMATS
from hatch_mar.archive.formats.options import Packing
from hatch_mar.archive.manifest import Manifest
from hatch_mar.archive.packager.pack import pack_as
from hatch_mar.checks.subject import Subject
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.examples.expectation import ANY, Expectation
from hatch_mar.trial.examples.request import Request
from tests.archives import INSTANT
from tests.trial.processes import DAEMON

ECHO = """
def handle(data, context):
    return data and [row["body"] for row in data]
"""
"""A handler that answers with what it was asked; as a function, it is called once to initialize."""

DAEMON_HANDLER = f"""
import os, subprocess, sys, time
MARK = {{mark!r}}
if not os.path.exists(MARK):
    subprocess.run([sys.executable, "-c", {DAEMON!r}, MARK], check=True)
def handle(data, context):
    return data and {{answer}}
"""
"""A handler that leaves a daemon, whose number is in the file `mark`."""

STAND_IN = Options(stand_in=True, bare=True, timeout=20)


def archive_of(files: dict[str, str | bytes], handler: str = "handler.py", **keys: Any) -> Archive:
    manifest = Manifest.for_model(
        model_name="digits", model_version="1.0", handler=handler, created=INSTANT, **keys
    )
    members = (
        Member(name, BytesSource(data if isinstance(data, bytes) else dedent(data).encode()))
        for name, data in files.items()
    )
    return Archive(manifest, tuple(members))


def candidate_of(
    code: str = ECHO,
    *requests: Request,
    handler: str = "handler.py",
    files: dict[str, str | bytes] | None = None,
    **keys: Any,
) -> Candidate:
    """An archive with a handler of this code, and what it is asked."""
    archive = archive_of({"handler.py": code, **(files or {})}, handler, **keys)
    return Candidate("digits", archive, Subject(archive, "digits.mar"), requests)


def write_archive(archive: Archive, path: Path) -> Path:
    """The archive on disk, in the format that the path's suffix stands for."""
    form = "default" if path.suffix == ".mar" else "no-archive"
    return pack_as(archive, path, FORMATS[form], Packing(INSTANT)).path


def request_of(value: Any, label: str = "one", expectation: Expectation = ANY) -> Request:
    return Request(label, json.dumps(value).encode(), "application/json", expectation)
