"""An archive tried by the build that makes it, before it takes its place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.reader import read
from hatch_mar.archive.packager.unchanged import look
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.trial.candidate import Candidate, Options
from hatch_mar.trial.examples.request import files_of, requests_of
from hatch_mar.trial.in_worker import try_archive

ENVELOPE = "TS_SERVICE_ENVELOPE"
"""The variable by which TorchServe itself takes an envelope, where it takes any (ConfigManager.java)."""


@dataclass(frozen=True)
class Trier:
    """Shown the draft of an archive, raises TrialError if that does not answer as its examples expect."""

    config: ArchiveConfig
    archive: Archive
    """As it was laid out, with its files as the user finds them."""
    root: Path
    stop: Event

    def __call__(self, draft: Path) -> None:
        config = self.config
        subject = Subject.of_config(config, self.archive, self.root)
        options = Options(envelope=os.environ.get(ENVELOPE), building=True, stop=self.stop)
        requests = requests_of(config, self.root)
        with read(draft) as archive:
            candidate = Candidate(config.name, archive, subject, requests, draft, config.format)
            report = try_archive(candidate, options)
        if not report.ok:
            raise TrialError(*report.faults, *report.findings)


def looks(config: ArchiveConfig, root: Path) -> str:
    """What the files of the examples look like, so that a change to one of them tries again."""
    paths = [root / name for name in files_of(config)]
    return "\n".join(look(path) if path.exists() else f"{path} absent" for path in paths)
