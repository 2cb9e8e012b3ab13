"""An archive tried by the build that makes it, before it replaces the old one."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.reader import read
from hatch_mar.archive.packager.unchanged import fingerprint_file
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.trial.candidate import ENVELOPE, Candidate, Options
from hatch_mar.trial.examples.request import example_files, load_examples
from hatch_mar.trial.in_worker import try_in_worker


def try_draft(config: ArchiveConfig, archive: Archive, root: Path, stop: Event, draft: Path) -> None:
    """Run the examples of `config` on `archive`, which was just written to `draft`.

    Raises:
        TrialError: it does not answer as expected.
    """
    subject = Subject.of_config(config, archive, root)
    options = Options(envelope=os.environ.get(ENVELOPE), building=True, stop=stop)
    requests = load_examples(config, root)
    with read(draft) as written:
        candidate = Candidate(config.name, written, subject, requests, draft, config.format)
        report = try_in_worker(candidate, options)
    if not report.ok:
        raise TrialError(*report.faults, *report.findings)


def fingerprint(config: ArchiveConfig, root: Path) -> str:
    """Changes with the files of the examples, so that a build tries the archive again."""
    paths = [root / name for name in example_files(config)]
    return "\n".join(fingerprint_file(path) if path.exists() else f"{path} absent" for path in paths)
