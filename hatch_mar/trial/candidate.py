"""An archive to be tried: what it is, what it is asked, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event

from hatch_mar.archive.archive import Archive
from hatch_mar.archive.formats import FORMATS, Format
from hatch_mar.archive.formats.reader import read
from hatch_mar.checks.subject import Subject
from hatch_mar.errors import TrialError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.project.interface import Project
from hatch_mar.project.layout.layout import lay_out
from hatch_mar.trial.examples.request import Request, requests_of
from hatch_mar.trial.settings import Settings


@dataclass(frozen=True)
class Options:
    """How archives are tried."""

    timeout: float | None = None
    """Seconds for every step, instead of what the archive or TorchServe says."""
    envelope: str | None = None
    """TorchServe's `service_envelope`, without which its own `base_handler` takes no HTTP request."""
    requirements: bool = False
    """Whether what the archive requires is installed for it first."""
    stand_in: bool = False
    """Whether the stand-in loads it although TorchServe is installed."""
    bare: bool = False
    """Whether the stand-in leaves torch to the handler, which makes tests fast; a worker always has it."""
    building: bool = False
    """Whether a build does it, in an environment that the build's frontend makes."""
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True)
class Candidate:
    """An archive and its requests."""

    name: str
    """What the user calls it."""
    archive: Archive
    subject: Subject
    requests: tuple[Request, ...] = ()
    path: Path | None = None
    """Where it stands; None for one that is configured and not built."""
    form: Format = FORMATS["default"]
    """What it is built as."""

    @property
    def model_name(self) -> str:
        """By the manifest, or by the file as TorchServe's server does it (ModelServer.java)."""
        return self.subject.value("modelName") or Path(self.subject.file_name).name.partition(".")[0]

    @property
    def handler(self) -> str | None:
        return self.subject.value("handler")

    @property
    def requirements(self) -> str | None:
        return self.subject.value("requirementsFile")

    @property
    def settings(self) -> Settings:
        return Settings.of(self.subject)


def batches_of(requests: int, batch_size: int | None) -> list[list[int]]:
    """Batches of one, and then the same requests in batches of several; each as the requests' indices.

    Several are as many as the model configuration's `batchSize` allows; without it all of
    them, for a registration may ask for that. A single request is put in twice. With a
    `batchSize` of 1, TorchServe never makes a batch of several.
    """
    alone = [[index] for index in range(requests)]
    if not requests or batch_size == 1:
        return alone
    several = list(range(requests)) if requests > 1 else [0, 0]
    size = batch_size or len(several)
    together = [several[start : start + size] for start in range(0, len(several), size)]
    return alone + [batch if len(batch) > 1 else [*batch, several[0]] for batch in together]


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
    archive = lay_out(config, project, instant)
    if requests is None:
        requests = requests_of(config, project.root, update=update)
    subject = Subject.of_config(config, archive, project.root)
    return Candidate(config.name, archive, subject, tuple(requests), None, config.format)


def refuse_runtime(candidate: Candidate) -> None:
    runtime = candidate.archive.manifest.document.get("runtime", "python")
    if runtime == "LSP":
        raise TrialError("the runtime `LSP` is TorchServe's C++ worker, which cannot be tried")
    if runtime not in ("python", "python3"):
        raise TrialError(f"no TorchServe has the runtime `{runtime}`; set it to `python`")
