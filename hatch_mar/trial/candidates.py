"""What is to be tried: an archive on disk, one that a project declares, one that is being built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hatch_mar.build import laid_out
from hatch_mar.checks import Subject
from hatch_mar.config import ArchiveConfig
from hatch_mar.formats import FORMATS
from hatch_mar.project import Project
from hatch_mar.reader import read
from hatch_mar.trial.requests import Request, requests_of
from hatch_mar.trial.trial import Candidate


@contextmanager
def on_disk(path: Path, requests: Sequence[Request]) -> Iterator[Candidate]:
    """An archive that anybody made.

    Raises:
        ReadError: it is none.
    """
    form = FORMATS["no-archive"] if path.is_dir() else FORMATS["default"]
    with read(path) as archive:
        yield Candidate(
            str(path), archive, Subject(archive, path.name), tuple(requests), path.absolute(), form
        )


def declared(
    config: ArchiveConfig,
    project: Project,
    instant: datetime,
    requests: Sequence[Request] | None = None,
    *,
    update: bool = False,
) -> Candidate:
    """An archive of a project as it would be built now, and its examples unless there are other requests.

    Raises:
        HatchMarError: it cannot be laid out, or its examples cannot be read.
    """
    archive = laid_out(config, project, instant)
    if requests is None:
        requests = requests_of(config, project.root, update=update)
    subject = Subject(archive, config.file_name, config.origins, config.allow_globals, project.root)
    return Candidate(config.name, archive, subject, tuple(requests), None, config.format)
