"""An archive to be tried: what it is, what it is asked, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats.format import FORMATS, Format
from hatch_mar.archive.formats.reader import read
from hatch_mar.budget import WRITTEN_MEMBERS, Budget, Exhausted
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.project.remote_files import refuse_differing
from hatch_mar.text import count_of
from hatch_mar.torchserve import runtimes
from hatch_mar.trial.examples.request import Request, load_examples
from hatch_mar.trial.settings import Settings

ENVELOPE = "TS_SERVICE_ENVELOPE"
"""The variable that sets the envelope for TorchServe itself (ConfigManager.java)."""


@dataclass(frozen=True)
class Options:
    timeout: float | None = None
    """Seconds for every step, instead of what the archive or TorchServe allows."""
    envelope: str | None = None
    """TorchServe's `service_envelope`; without one, `base_handler` itself cannot take an HTTP request."""
    requirements: bool = False
    environ: tuple[str, ...] = ()
    """Variables that the archive's code sees besides those of `environment.py`."""
    stand_in: bool = False
    """Whether the stand-in loads it even if TorchServe is installed."""
    bare: bool = False
    """Whether the stand-in leaves importing torch to the handler, which makes tests fast; a worker has it."""
    building: bool = False
    """Whether a build tries it, in an environment that the build's frontend makes."""
    stop: Event = field(default_factory=Event)
    """Set by another thread to end the trial."""


@dataclass(frozen=True)
class Candidate:
    name: str
    """What the user calls it."""
    archive: Archive
    subject: Subject
    """What messages refer to."""
    requests: tuple[Request, ...] = ()
    path: Path | None = None
    """The archive's file or directory; None if it is configured but not built."""
    format: Format = FORMATS["default"]

    @property
    def model_name(self) -> str:
        """The manifest's, or else the file's, as TorchServe's server does it (ModelServer.java)."""
        return self.subject.value("modelName") or Path(self.subject.file_name).name.partition(".")[0]

    @property
    def handler(self) -> str | None:
        return self.subject.value("handler")

    @property
    def requirements(self) -> str | None:
        return self.subject.value("requirementsFile")

    @cached_property
    def settings(self) -> Settings:
        return Settings.of(self.subject)

    @property
    def batches(self) -> list[list[int]]:
        """Each request alone, then all of them in larger batches; a batch is a list of requests' indices.

        The larger batches have the model configuration's `batchSize`; without one, a single
        batch has them all, since a registration may ask for that. A single request is put in
        twice. With a `batchSize` of 1, TorchServe never makes a larger batch.
        """
        alone = [[index] for index in range(len(self.requests))]
        batch_size = self.settings.batch_size
        if not alone or batch_size == 1:
            return alone
        indices = list(range(len(alone))) if len(alone) > 1 else [0, 0]
        size = batch_size or len(indices)
        larger = [indices[start : start + size] for start in range(0, len(indices), size)]
        return alone + [batch if len(batch) > 1 else [*batch, indices[0]] for batch in larger]

    def label(self, batch: Sequence[int]) -> str:
        return self.requests[batch[0]].label if len(batch) == 1 else f"a batch of {len(batch)}"


@contextmanager
def open_candidate(path: Path, requests: Sequence[Request], budget: Budget) -> Iterator[Candidate]:
    """The archive at `path`, whoever made it.

    Raises:
        ReadError: it is not an archive, or it is damaged.
        TrialError: it has more members than the budget allows to unpack.
    """
    form = FORMATS["no-archive"] if path.is_dir() else FORMATS["default"]
    with read(path, budget) as archive:
        if form.suffix:  # the files of a directory have been written before
            refuse_many(archive, path, budget)
        subject = Subject.of_file(archive, path, budget)
        yield Candidate(str(path), archive, subject, tuple(requests), path.absolute(), form)


def refuse_many(archive: Archive, path: Path, budget: Budget) -> None:
    try:
        budget.spend(WRITTEN_MEMBERS, len(archive.members))
    except Exhausted:
        number = count_of(len(archive.members), "member")
        message = f"Cannot try `{path}`: it has {number} in few bytes, more than a trial unpacks; pack fewer"
        raise TrialError(message) from None


def lay_out_candidate(
    config: ArchiveConfig,
    project: Project,
    instant: datetime,
    requests: Sequence[Request] | None = None,
    *,
    update: bool = False,
) -> Candidate:
    """A project's archive as a build would make it now, with its examples unless `requests` replace them."""
    archive = lay_out(config, project.root, instant, project)
    refuse_differing(config.remote_files, archive, project.root)
    if requests is None:
        requests = load_examples(config, project.root, update=update)
    subject = Subject.of_config(config, archive, project.root)
    return Candidate(config.name, archive, subject, tuple(requests), None, config.format)


def refuse_runtime(candidate: Candidate) -> None:
    runtime = candidate.archive.manifest.runtime
    if runtime == runtimes.CPP:
        raise TrialError("the runtime `LSP` is TorchServe's C++ worker, which cannot be tried")
    if runtime not in runtimes.KNOWN:
        raise TrialError(f"TorchServe does not know the runtime `{runtime}`; set it to `python`")
